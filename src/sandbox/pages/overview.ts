import type { Links } from '../links.js';
import { currentSigner, statusOf, type Envelope } from '../model.js';
import { frame, moment, pill } from './frame.js';
import { html, type Html } from './html.js';

const SHOWN = 100;

/** The start page: the newest envelopes with the links that a person plays with. */
export function overviewPage(envelopes: Envelope[], links: Links): string {
  const newest = envelopes.slice(-SHOWN).reverse();
  const body = html`<div class="narrow">
    <div class="head">
      <h1>Envelopes</h1>
      <p class="muted">
        A stand-in for Atlas: no e-mail leaves it. Review and send a draft, then sign as each party.
        ${envelopes.length > SHOWN ? `The newest ${SHOWN} of ${envelopes.length}.` : ''}
      </p>
    </div>
    <section class="card">
      ${
        newest.length === 0
          ? html`<p class="muted">None yet. Envelopes created through the API appear here.</p>`
          : html`<ul class="list">
              ${newest.map((envelope) => row(envelope, links))}
            </ul>`
      }
    </section>
  </div>`;
  return frame({ title: 'Envelopes', body });
}

function row(envelope: Envelope, links: Links): Html {
  const signer = currentSigner(envelope);
  const externalId = envelope.metadata['external_id'];
  return html`<li>
    <div class="between"><strong>${envelope.document.name}</strong> ${pill(statusOf(envelope))}</div>
    <small class="mono">${typeof externalId === 'string' ? `${externalId} · ` : ''}${envelope.id}</small>
    <div><small>Created ${moment(envelope.createdAt)}</small></div>
    <div class="links">
      <a href="${pathOf(links.review(envelope))}">Review</a>
      ${signer === null ? null : html`<a href="${pathOf(links.sign(envelope, signer))}">Sign as ${signer.name ?? signer.email}</a>`}
    </div>
  </li>`;
}

/** Within the sandbox, links stay on the host that the reader came by. */
function pathOf(link: string): string {
  const { pathname, search } = new URL(link);
  return pathname + search;
}
