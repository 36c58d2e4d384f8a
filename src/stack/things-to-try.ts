import type { Stack } from './stack.js';

/** What `npm start` prints once all is up: the links, the tokens, and commands to paste. */
export function thingsToTry({ urls, tokens, temporalAddress, folders }: Stack): string {
  const temporal = urls.temporalUi ?? `none (the server at ${temporalAddress} is not the stack's own)`;
  const deal = `${urls.gateway}/deals`;
  const body = {
    // A new one at each start: a deal that has ended is not started again.
    dealId: `my-first-${Date.now().toString(36)}`,
    documentType: 'order-form',
    document: { uri: 'file:contracts/order-form.pdf' },
    parties: [
      { email: 'nora@example.com', name: 'Nora Lindqvist', role: 'Customer' },
      { email: 'tomas@example.com', name: 'Tomas Okafor', role: 'Supplier' },
    ],
  };
  const bearer = (token: string): string => `-H 'authorization: Bearer ${token}'`;
  const json = "-H 'content-type: application/json'";
  return `Everything is up.

  Ops console    ${urls.gateway}   (log in with the token of the operator below)
  Gateway        ${urls.gateway}   (routes: ${urls.gateway}/openapi.json)
  Atlas sandbox  ${urls.sandbox}   (every envelope with its review and sign links)
  Temporal UI    ${temporal}
  Logs           ${folders.logs}

  Tokens of the gateway, by role:
    crm       ${tokens.crm}
    viewer    ${tokens.viewer}
    reviewer  ${tokens.reviewer}
    operator  ${tokens.operator}

1. Start a deal, as the CRM does. (There is an order-form.docx too, and any PDF or DOCX put into ${folders.contracts} will do.)

curl -sS ${deal} ${bearer(tokens.crm)} ${json} \\
  -d '${JSON.stringify(body)}'

2. Look at it: stage, fields, timeline, and the link to Atlas's review page.

curl -sS ${deal}/${body.dealId} ${bearer(tokens.reviewer)}

3. Approve it, once it is in review; or in the ops console, ${urls.gateway}/console/deals/${body.dealId}; or press Send on the review page
   instead.

curl -sS ${deal}/${body.dealId}/review ${bearer(tokens.reviewer)} ${json} -d '{"decision":"approve"}'

4. Sign: open ${urls.sandbox} and follow each signer's link in turn. The signed PDF is filed in
   ${folders.filed}.

Kill any process and watch the deal carry on. Ctrl-C stops everything; the deals are kept.`;
}
