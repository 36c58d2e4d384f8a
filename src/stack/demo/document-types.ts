/** What the demo's company decided for each kind of contract. The times are short, so that nobody has to wait for days. */
const crmStages = {
  'in-review': 'Contract drafted',
  'out-for-signature': 'Contract sent',
  filing: 'Contract signed',
  completed: 'Closed won',
  failed: 'Contract failed',
};

export const DOCUMENT_TYPES = {
  'order-form': { crmStages },
  'limited-offer': {
    // Far enough apart that a part of the stack may be killed and come back between the two.
    reminders: { first: '3 seconds', every: '3 seconds', max: 1 },
    expireAfter: '12 seconds',
    crmStages,
  },
  'standard-order': {
    template: { id: 'tmpl_1', prefill: { customer_name: 'company', amount: 'amount' }, trusted: true },
    crmStages,
  },
};
