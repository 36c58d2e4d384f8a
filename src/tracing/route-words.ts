/** The words of the paths that we call: Atlas, DocuSign, HubSpot, Salesforce, the `http` CRM, OIDC and log collectors. */
const WORDS = new Set(
  (
    'api envelope envelopes send void fields status remind pdf templates combined certificate ' +
    'restapi accounts documents recipients views sender tabs organizations monitor datasets users oauth oauth2 token userinfo ' +
    'crm objects deals contacts companies associations batch read search properties pipelines notes files upload ' +
    'services data sobjects query composite ContentVersion Opportunity Task ' +
    'attachments logs event well-known openid-configuration jwks keys certs signed'
  ).split(' '),
);
const VERSION = /^v\d{1,3}(\.\d{1,2})?$/;

/**
 * `/api/envelope/{}/send` of a path: words that are not ours (ids, names of files, tokens) are left out, and so is the query. By words and
 * not by patterns of ids, so that an address nobody thought of says too little instead of too much.
 */
export function routeOf(path: string): string {
  const [way = ''] = path.split(/[?#]/, 1);
  return way
    .split('/')
    .map((word) => (word === '' || WORDS.has(word) || VERSION.test(word) ? word : '{}'))
    .join('/');
}
