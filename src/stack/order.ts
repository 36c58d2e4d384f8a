/** What the project's own contracts say. */
export interface Order {
  number: string;
  customer: string;
  seller: string;
  effective: string;
  lines: OrderLine[];
}

export interface OrderLine {
  what: string;
  quantity: number;
  /** US dollars for one. */
  price: number;
}

export const ORDER: Order = {
  number: 'OF-2025-0142',
  customer: 'Halden Rail Services',
  seller: 'Marlow Software',
  effective: '1 February 2025',
  lines: [
    { what: 'Dispatch planner, per seat and year', quantity: 40, price: 480 },
    { what: 'Driver app, per vehicle and year', quantity: 120, price: 96 },
    { what: 'Data migration, once', quantity: 1, price: 6500 },
    { what: 'Priority support, year', quantity: 1, price: 4200 },
  ],
};

export const TERMS: readonly { title: string; text: string }[] = [
  {
    title: 'Term and renewal',
    text: 'This order runs for twelve months from its effective date and renews for twelve months at a time, unless either party says no in writing at least sixty days before it ends.',
  },
  {
    title: 'Fees',
    text: 'Fees are invoiced yearly in advance and do not include taxes. An invoice that is disputed in good faith within fifteen days need not be paid until the dispute is settled.',
  },
  {
    title: 'Service and support',
    text: 'The supplier keeps the service available 99.9 per cent of each calendar month, planned maintenance aside, and answers urgent requests within one business hour.',
  },
  {
    title: 'Confidentiality',
    text: 'Each party protects what it learns of the other as it protects its own confidential information, uses it only for this order, and returns or deletes it at the end.',
  },
  {
    title: 'Data protection',
    text: 'The supplier processes personal data only as the customer instructs, keeps it within the agreed regions and reports any breach without undue delay.',
  },
  {
    title: 'Liability',
    text: 'Save for wilful misconduct, gross negligence and injury to persons, the liability of each party in a year is limited to the fees of that year.',
  },
  {
    title: 'Governing law',
    text: 'The law of the State of Delaware applies. The courts of Wilmington are competent.',
  },
];

export function lineTotal(line: OrderLine): number {
  return line.quantity * line.price;
}

export function total(order: Order): number {
  return order.lines.reduce((sum, line) => sum + lineTotal(line), 0);
}

/** `$1,234.00` */
export function money(dollars: number): string {
  return dollars.toLocaleString('en-US', { style: 'currency', currency: 'USD' });
}
