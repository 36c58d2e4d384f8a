/** Whether DocuSign takes the login, and whether each API that is configured answers. */
import { DocusignError, type DocusignAccount, type DocusignCall } from '../../docusign/account.js';
import { openDocusignAccount, type AccountOptions } from '../../docusign/open-account.js';
import type { DocusignSettings } from '../../docusign/settings.js';
import { ok, problem, skipped, warning, wordsOf, type Check } from '../check.js';
import { clockCheck } from '../clock-check.js';

const CALL_MS = 15_000;
const DAY_MS = 24 * 3_600_000;

/** One of the APIs and the cheapest thing to ask it. */
interface Question {
  name: string;
  /** What the user needs for it. */
  role: string;
  /** What to look at when it is not found there. */
  variables: string;
  call: DocusignCall;
}

/** Never rejects; changes nothing but the token that commands and worker share. */
export async function docusignChecks(settings: DocusignSettings, options: AccountOptions = {}): Promise<Check[]> {
  let account: DocusignAccount;
  try {
    account = openDocusignAccount(settings, options);
  } catch (error) {
    return [problem('DocuSign', wordsOf(error), 'Set DOCUSIGN_PRIVATE_KEY to the private key of the integration key.')];
  }
  try {
    return [...certificateChecks(settings), ...(await accountChecks(settings, account))];
  } finally {
    await account.close();
  }
}

function certificateChecks({ trustAnyCertificate }: DocusignSettings): Check[] {
  if (!trustAnyCertificate) return [];
  return [
    warning(
      'DOCUSIGN_TRUST_ANY_CERTIFICATE',
      'whoever is between this machine and DocuSign can read contracts and tokens',
      'Set DOCUSIGN_TRUST_ANY_CERTIFICATE=false, and NODE_EXTRA_CA_CERTS to the certificate of your proxy where there is one.',
    ),
  ];
}

async function accountChecks(settings: DocusignSettings, account: DocusignAccount): Promise<Check[]> {
  const login = await loginCheck(settings, account);
  if (login.check.status === 'problem' || login.accountId === undefined)
    return [login.check, skipped('DocuSign APIs', 'not asked: the login must be mended first')];
  const checks = [login.check];
  for (const question of questionsFor(settings, account, login.accountId))
    checks.push(...(await ask(account, question)));
  return checks;
}

async function loginCheck(
  settings: DocusignSettings,
  account: DocusignAccount,
): Promise<{ check: Check; accountId?: string }> {
  const name = 'DocuSign login';
  const who = `${settings.urls.auth} takes the integration key (fingerprint ${account.apiKeyId})`;
  try {
    const accounts = await account.accounts();
    const accountId = await account.accountId();
    const entry = accounts.find((one) => one.accountId.toLowerCase() === accountId.toLowerCase());
    if (!entry)
      return {
        check: problem(
          name,
          'DOCUSIGN_ACCOUNT_ID is none of the accounts that the user of DOCUSIGN_USER_ID belongs to',
          `Set DOCUSIGN_ACCOUNT_ID to one of ${accounts.map((one) => one.accountId).join(', ') || 'the user’s (there is none)'}, or leave it out for the default one.`,
        ),
      };
    const base = settings.urls.esign ?? entry.baseUri;
    return { check: ok(name, `${who}; the account ${accountId} is served from ${base}`), accountId };
  } catch (error) {
    return { check: loginFault(name, settings, error) };
  }
}

function loginFault(name: string, { urls }: DocusignSettings, error: unknown): Check {
  const said = wordsOf(error);
  const kind = error instanceof DocusignError ? error.kind : undefined;
  if (kind === 'unreachable')
    return problem(
      name,
      `${urls.auth}: ${said}`,
      'Check DOCUSIGN_ENV, DOCUSIGN_AUTH_URL, the network, HTTPS_PROXY and NO_PROXY.',
    );
  if (kind === 'unavailable' || kind === 'rate-limited')
    return problem(name, said, 'It should pass by itself: try again in some minutes.');
  // Errors of the login say themselves what to do, after the colon.
  const [what = said, ...todo] = said.split(': ');
  const fix =
    todo.join(': ') || 'Check DOCUSIGN_ENV, DOCUSIGN_INTEGRATION_KEY, DOCUSIGN_USER_ID and DOCUSIGN_PRIVATE_KEY.';
  return problem(name, what, `${fix.charAt(0).toUpperCase()}${fix.slice(1)}`);
}

function questionsFor(settings: DocusignSettings, account: DocusignAccount, accountId: string): Question[] {
  const { feeds, monitorApi } = settings;
  const now = Date.now();
  const cheap = { method: 'GET', callMs: CALL_MS } as const;
  const questions: Question[] = [
    {
      name: 'DocuSign eSignature',
      role: 'The user of DOCUSIGN_USER_ID must be active in the account, with the right to send envelopes.',
      variables: 'DOCUSIGN_ACCOUNT_ID and DOCUSIGN_ESIGN_URL',
      call: {
        ...cheap,
        api: 'esignature',
        path: '/envelopes',
        query: { from_date: new Date(now - DAY_MS).toISOString(), count: '1' },
      },
    },
  ];
  if (feeds.includes('customer-events'))
    questions.push({
      name: 'DocuSign Monitor',
      role: 'The user of DOCUSIGN_USER_ID must be an organization administrator or security reports administrator, of no other organization besides, and the plan must have Monitor.',
      variables: 'DOCUSIGN_MONITOR_URL, DOCUSIGN_MONITOR_API and DOCUSIGN_ORGANIZATION_ID',
      call: {
        ...cheap,
        api: 'monitor',
        path:
          monitorApi === 'v2'
            ? '/api/v2.0/datasets/monitor/stream'
            : `/v1/organizations/${account.organizationId()}/stream`,
        query: { cursor: new Date(now).toISOString(), limit: '1' },
      },
    });
  if (feeds.includes('audit-users'))
    questions.push({
      name: 'DocuSign Admin',
      role: 'The user of DOCUSIGN_USER_ID must be an administrator of the organization, and consent must be given to user_read and organization_read.',
      variables: 'DOCUSIGN_ADMIN_URL and DOCUSIGN_ORGANIZATION_ID',
      call: {
        ...cheap,
        api: 'admin',
        path: `/management/v2/organizations/${account.organizationId()}/users`,
        query: { account_id: accountId, take: '1' },
      },
    });
  return questions;
}

async function ask(account: DocusignAccount, { name, role, variables, call }: Question): Promise<Check[]> {
  const asked = Date.now();
  try {
    const { headers } = await account.call(call);
    const theirs = Date.parse(headers.date ?? '');
    const told = call.api === 'esignature' && !Number.isNaN(theirs);
    const clock = told ? [clockCheck('DocuSign', { theirs, asked, answered: Date.now() })] : [];
    return [ok(name, 'answers'), ...clock];
  } catch (error) {
    const said = wordsOf(error);
    switch (error instanceof DocusignError ? error.kind : undefined) {
      case 'rate-limited':
      case 'unavailable':
        return [warning(name, said, 'It should pass by itself: try again in some minutes.')];
      case 'forbidden':
      case 'login':
        return [problem(name, said, role)];
      case 'unreachable':
        return [problem(name, said, `Check ${variables}, the network, HTTPS_PROXY and NO_PROXY.`)];
      default:
        return [problem(name, said, `Check ${variables}. ${role}`)];
    }
  }
}
