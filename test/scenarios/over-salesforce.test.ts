import { describe } from 'vitest';
import { aWorld, CLIENT_ID, KEYS, MAPPING, USERNAME } from '../crm/salesforce-world.js';
import { anHttpWire, dealsGoThrough, type Company } from './over-a-crm.js';

const SECRET = 'the-key-of-the-outbound-message';

async function onSalesforce(strike: () => Promise<void>, publicUrl: string): Promise<Company> {
  const world = await aWorld();
  const { salesforce } = world;
  const { wire, between } = await anHttpWire(salesforce.url, strike);
  salesforce.outbound.endpoint = `${publicUrl}/crm/salesforce?key=${SECRET}`;
  Object.assign(salesforce.outbound.switches, { twice: true, retryMs: 200 });
  return {
    env: {
      CRM: 'salesforce',
      SALESFORCE_LOGIN_URL: between.url,
      SALESFORCE_CLIENT_ID: CLIENT_ID,
      SALESFORCE_USERNAME: USERNAME,
      SALESFORCE_PRIVATE_KEY: KEYS.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      SALESFORCE_WEBHOOK_SECRET: SECRET,
      SALESFORCE_ORGANIZATION_ID: salesforce.organizationId,
    },
    mapping: MAPPING,
    wire,
    completed: 'Closed Won',
    async enter(count, { documentUri }) {
      const ids = Array.from({ length: count }, () => {
        const id = world.aDeal({ Contract_Document__c: documentUri });
        world.addContact(id, 'Sam Signer', 'sam@buyer.example', { primary: true });
        world.addContact(id, 'Lee Legal', 'lee@buyer.example', { role: 'Legal' });
        return id;
      });
      for (const id of ids) wire.deals.add(id);
      for (const id of ids) salesforce.moveTo(id, 'Contract Requested');
      return ids;
    },
    stands: async (dealId) => ({
      stage: world.row(dealId)['StageName'],
      envelopeId: world.row(dealId)['Countersign_Envelope_Id__c'],
      attached: world.attached(dealId),
    }),
    async close() {
      await between.close();
      await salesforce.close();
    },
  };
}

describe('deals of Salesforce go through', () => {
  dealsGoThrough('file', onSalesforce);
});
