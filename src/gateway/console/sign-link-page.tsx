import type { VNode } from 'preact';
import type { SignLinkAnswer } from '../desk.js';
import { addressOf } from './deal-page.js';
import { Outward } from './links.js';

/** A page of its own, so that the link is on the screen only while somebody wants it there. */
export function SignLinkPage({ dealId, signLink, party }: SignLinkAnswer & { dealId: string }): VNode {
  return (
    <div class="narrow">
      <h1>Sign link of deal {dealId}</h1>
      <div class="card grave">
        <p class="lead">
          {party ? `It is the turn of ${party.role} (signer ${party.order}).` : 'It is not known whose turn it is.'}{' '}
          Whoever has this link can sign in their name: give it to nobody else.
        </p>
        <div class="field">
          <label for="sign-link">Sign link</label>
          <input id="sign-link" type="text" readOnly value={signLink} />
        </div>
        <div class="press">
          <Outward href={signLink}>Open it</Outward>
          <a class="button" href={addressOf({ dealId })}>
            Back to the deal
          </a>
        </div>
      </div>
    </div>
  );
}
