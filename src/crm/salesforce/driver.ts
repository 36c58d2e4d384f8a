/** `CRM=salesforce`: deals are opportunities. docs/crm-salesforce.md shows how to set it up. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { checked, type ConfiguredCrm, type CrmDriver, type OpenCrm } from '../driver.js';
import { createSalesforceApi, loadJsforce } from './api.js';
import { createSalesforceCrm } from './crm.js';
import { idOf } from './ids.js';
import { createSalesforceIntake } from './intake.js';
import type { Credentials } from './login.js';
import { mappingSchema, type Mapping } from './mapping.js';
import { createSalesforceNotifications } from './notifications.js';
import { createTurns } from '../turns.js';

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

const login = {
  SALESFORCE_CLIENT_ID: z.string().meta({ example: '3MVG9…' }),
  SALESFORCE_USERNAME: z.string().meta({ example: 'countersign@example.com' }),
  SALESFORCE_PRIVATE_KEY: z.string().transform(privateKey).meta({ example: '"$(cat salesforce.key)"', secret: true }),
  SALESFORCE_LOGIN_URL: z
    .url('must be a web address')
    .default('https://login.salesforce.com')
    .transform((text) => text.replace(/\/+$/, ''))
    .refine(isOrigin, 'must be an https: address without a path')
    .meta({ example: 'https://test.salesforce.com' }),
};

const listening = {
  SALESFORCE_WEBHOOK_SECRET: z
    .string()
    .min(16, 'must have at least 16 characters')
    .meta({ example: '$(openssl rand -hex 24)', secret: true }),
  SALESFORCE_ORGANIZATION_ID: z
    .string()
    .transform((text, context) => {
      const id = idOf('organization', text);
      if (id !== undefined) return id;
      context.addIssue({
        code: 'custom',
        message: 'must be the 15 or 18 characters that begin with 00D (Setup, Company Information)',
      });
      return z.NEVER;
    })
    .meta({ example: '00D000000000062EAA' }),
};

export const salesforceDriver: CrmDriver = {
  name: 'salesforce',
  variables: { ...login, ...listening },

  configure(read) {
    const settings = read.variables(login);
    const mapping = read.mapping(mappingSchema);
    if (!settings.value || !mapping.value)
      return { problems: [...(settings.problems ?? []), ...(mapping.problems ?? [])] };
    const { SALESFORCE_CLIENT_ID: clientId, SALESFORCE_USERNAME: username, ...rest } = settings.value;
    const { SALESFORCE_PRIVATE_KEY: key, SALESFORCE_LOGIN_URL: loginUrl } = rest;
    return { value: configured({ clientId, username, key, loginUrl }, mapping.value) };
  },

  listen(read) {
    const { value, problems } = read.variables(listening);
    if (!value) return { problems };
    const { SALESFORCE_WEBHOOK_SECRET: secret, SALESFORCE_ORGANIZATION_ID: organizationId } = value;
    return { value: createSalesforceNotifications({ secret, organizationId }) };
  },
};

function configured(credentials: Credentials, mapping: Mapping): ConfiguredCrm {
  async function open(): Promise<OpenCrm> {
    const api = createSalesforceApi(await loadJsforce(), credentials);
    const turns = createTurns();
    return {
      crm: createSalesforceCrm(api, mapping, turns),
      intake: createSalesforceIntake(api, mapping, turns),
    };
  }

  return {
    name: 'salesforce',
    remedy: 'docs/crm-salesforce.md lists the app, the fields and the permissions that it needs.',
    open,
    async examine() {
      await checked(open);
      return `Salesforce takes the login at ${credentials.loginUrl}; the mapped fields are there and can be written`;
    },
  };
}

/** PKCS#8 or PKCS#1; line ends may be written as backslash and n, since many platforms keep a variable on one line. */
function privateKey(text: string, context: z.RefinementCtx<string>): KeyObject {
  const pem = text.replaceAll('\\n', '\n');
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'rsa') return key;
    context.addIssue({ code: 'custom', message: 'must be an RSA key' });
  } catch {
    const encrypted = pem.includes('ENCRYPTED');
    const message = encrypted ? 'must not be encrypted by a passphrase' : 'must be a private key in PEM form';
    context.addIssue({ code: 'custom', message });
  }
  return z.NEVER;
}

/** Plain HTTP to this machine is for tests. */
function isOrigin(text: string): boolean {
  const { protocol, hostname, pathname, search, hash, username } = new URL(text);
  if (pathname !== '/' || search + hash + username !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}
