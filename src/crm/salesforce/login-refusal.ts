/** What a refused login means and what to do about it (Salesforce help, "OAuth 2.0 Authorization Errors"). */
import { z } from 'zod';
import { CrmError } from '../crm.js';

const answer = z.object({ error: z.string(), error_description: z.string().default('') });

const APPROVAL =
  'the user of SALESFORCE_USERNAME may not use the app yet: under its policies set Permitted Users to "Admin approved users are pre-authorized" and give the user a permission set (or profile) of the app';

/** Searched in `error: description`; the first that fits is told. Descriptions are worded differently by release, so only parts of them count. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/hasn't approved|not admin approved|invalid_app_access/, APPROVAL],
  [
    /audience/,
    'SALESFORCE_LOGIN_URL is not where this organization logs in: https://login.salesforce.com, https://test.salesforce.com for a sandbox, or its My Domain',
  ],
  [/expired/, 'the assertion had expired when it came: set the clock of this machine by NTP'],
  [
    /invalid assertion|invalid_assertion|signature/,
    'SALESFORCE_PRIVATE_KEY does not belong to the certificate of the app, or the clock of this machine is wrong',
  ],
  [
    /invalid_client_id|client identifier invalid/,
    'SALESFORCE_CLIENT_ID is no consumer key that it knows (a new app takes up to ten minutes), or the app belongs to another organization than SALESFORCE_LOGIN_URL',
  ],
  [
    /invalid_client/,
    'the app takes no logins by certificate: switch on its JWT bearer flow (digital signatures) and upload the certificate of SALESFORCE_PRIVATE_KEY',
  ],
  [/inactive_user|user is inactive|inactive user/, 'the user of SALESFORCE_USERNAME is inactive'],
  [/inactive_org|org(anization)? is (locked|inactive)/, 'the organization is locked or closed'],
  [
    /ip restricted|ip_restricted|ip address/,
    "the app or the user's profile takes logins from certain IP addresses only",
  ],
  [
    /invalid_scope/,
    'the app lacks the scopes "Manage user data via APIs (api)" and "Perform requests at any time (refresh_token)"',
  ],
  [/unsupported_grant_type/, 'the app takes no JWT bearer logins: switch them on in its OAuth settings'],
  [
    /invalid_grant|authentication failure/,
    'check that SALESFORCE_USERNAME is the name of a user there and may use the API, and that the app and SALESFORCE_LOGIN_URL belong together',
  ],
];

/** These pass by themselves; the limit is on the logins of one user in an hour. */
const PASSING = /unknown_error|server_error|temporarily_unavailable|login rate exceeded|rate_limit/;

export function loginRefusal(status: number, body: unknown, loginUrl: string): CrmError {
  const read = answer.safeParse(body);
  const said = read.success ? `${read.data.error}: ${read.data.error_description}`.toLowerCase() : '';
  const code = read.success && /^\w{1,60}$/.test(read.data.error) ? read.data.error : String(status);
  if (status >= 500 || status === 429 || PASSING.test(said))
    return new CrmError('unavailable', `${loginUrl} cannot log anybody in just now (${code}).`);
  const meaning =
    MEANINGS.find(([pattern]) => pattern.test(said))?.[1] ?? 'check SALESFORCE_LOGIN_URL and the settings of the app';
  return new CrmError('refused', `Salesforce refused the login (${code}): ${meaning}.`);
}
