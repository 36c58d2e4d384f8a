import { createHash } from 'node:crypto';
import { describe } from 'vitest';
import { aHubSpotAccount, MAPPING, TRIGGER } from '../crm/hubspot-account.js';
import { anHttpWire, dealsGoThrough, type Company } from './over-a-crm.js';

const SECRET = 'the-client-secret-of-the-app';

async function onHubSpot(strike: () => Promise<void>, publicUrl: string): Promise<Company> {
  const hubspot = await aHubSpotAccount();
  const { wire, between } = await anHttpWire(hubspot.url, strike);
  // Batches come twice and in the wrong order, as they may.
  hubspot.webhooks.subscribe(
    { url: `${publicUrl}/crm/hubspot`, clientSecret: SECRET },
    { twice: true, backwards: true, retryMs: [200, 200, 200, 200, 200] },
  );
  return {
    env: {
      CRM: 'hubspot',
      HUBSPOT_API_URL: between.url,
      HUBSPOT_ACCESS_TOKEN: hubspot.token,
      HUBSPOT_CLIENT_SECRET: SECRET,
    },
    mapping: MAPPING,
    wire,
    completed: 'closedwon',
    async enter(count, { documentUri }) {
      const ids = Array.from({ length: count }, () =>
        hubspot.aDeal({ dealstage: 'qualified', contract_url: documentUri }),
      );
      for (const id of ids) wire.deals.add(id);
      for (const id of ids) hubspot.account.update('deals', id, { dealstage: TRIGGER }, 'CRM_UI');
      return ids;
    },
    stands: async (dealId) => ({
      stage: hubspot.value(dealId, 'dealstage'),
      envelopeId: hubspot.value(dealId, MAPPING.properties.envelopeId),
      attached: hubspot.files(dealId).map(({ bytes }) => createHash('sha256').update(bytes).digest('hex')),
    }),
    async close() {
      await between.close();
      await hubspot.close();
    },
  };
}

describe('deals of HubSpot go through', () => {
  dealsGoThrough('s3', onHubSpot);
});
