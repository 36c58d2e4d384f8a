/** `CRM=hubspot`: deals of a HubSpot account, through an app of the account's own. */
import { z } from 'zod';
import { checked, type CrmDriver } from '../driver.js';
import { openCalls, type HubSpotAccount } from './calls.js';
import { createHubSpotCrm } from './crm.js';
import { createHubSpotIntake } from './intake.js';
import { hubspotMapping, type HubSpotMapping } from './mapping.js';
import { createHubSpotNotifications } from './notifications.js';

const account = {
  HUBSPOT_ACCESS_TOKEN: z
    .string()
    .min(10, 'must be the access token of an app')
    .regex(/^\S+$/, 'must hold no white space')
    .meta({ example: 'pat-eu1-00000000-0000-0000-0000-000000000000', secret: true }),
  HUBSPOT_API_URL: z
    .url({ protocol: /^https?$/, error: 'must be a web address (http: or https:)' })
    .default('https://api.hubapi.com')
    .transform((text) => text.replace(/\/+$/, ''))
    .meta({ example: 'https://api.hubapi.com' }),
};

const listening = {
  HUBSPOT_CLIENT_SECRET: z
    .string()
    .min(10, 'must be the client secret of the app')
    .meta({ example: '00000000-0000-0000-0000-000000000000', secret: true }),
};

export const hubspotDriver: CrmDriver = {
  name: 'hubspot',
  variables: { ...account, ...listening },

  configure(read) {
    const variables = read.variables(account);
    const mapping = read.mapping(hubspotMapping);
    if (!variables.value || !mapping.value)
      return { problems: [...(variables.problems ?? []), ...(mapping.problems ?? [])] };
    const { HUBSPOT_ACCESS_TOKEN: token, HUBSPOT_API_URL: url } = variables.value;
    return { value: configured({ token, url }, mapping.value) };
  },

  listen(read) {
    const variables = read.variables(listening);
    const mapping = read.mapping(hubspotMapping);
    if (!variables.value || !mapping.value)
      return { problems: [...(variables.problems ?? []), ...(mapping.problems ?? [])] };
    return { value: createHubSpotNotifications(variables.value.HUBSPOT_CLIENT_SECRET, mapping.value) };
  },
};

function configured(hubspot: HubSpotAccount, mapping: HubSpotMapping) {
  const open = async () => {
    const calls = await openCalls(hubspot);
    return { crm: createHubSpotCrm(calls, mapping), intake: createHubSpotIntake(calls, mapping) };
  };
  return {
    name: 'hubspot',
    remedy: 'Check HUBSPOT_ACCESS_TOKEN, the scopes of the app and the file of CRM_MAPPING (docs/crm-hubspot.md).',
    open,
    async examine() {
      await checked(open);
      return `${hubspot.url} takes the token; the mapped properties and stages are there`;
    },
  };
}
