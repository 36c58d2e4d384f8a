import { statusOf, type Envelope, type Field, type Party } from '../model.js';
import { ownFields } from '../present.js';
import { banner, documentView, frame } from './frame.js';
import { fieldMap } from './field-map.js';
import { html, type Html } from './html.js';

/** The page behind one party's `sign_url`: the disclosure, this party's own fields and nothing of the others (Atlas notes 7). */
export function signPage(envelope: Envelope, party: Party, problem: string | null): string {
  const base = `/sign/${envelope.id}`;
  const query = `?t=${party.token}`;
  const fields = ownFields(envelope, party);
  const body = html`<div class="narrow">
    <div class="head">
      <h1>${envelope.document.name}</h1>
      <p class="muted">For signature by ${party.name ?? party.email}</p>
    </div>
    ${problem === null ? null : banner('error', problem)}
    <section class="card">
      <h2>1. Read the document</h2>
      ${documentView(`${base}/document.pdf${query}`, envelope.document.name, envelope.document.pages)}
    </section>
    <section class="card">
      <h2>2. Your fields</h2>
      ${fieldMap(fields, envelope.parties)}
    </section>
    <section class="card">
      <h2>3. Sign</h2>
      <form method="post" action="${base}${query}">
        <div class="disclosure" tabindex="0">
          <strong>Consumer disclosure.</strong> You are asked to sign this document electronically. Your electronic
          signature has the same legal effect as one on paper. You may decline, and you may ask the sender for a paper
          copy. Your name, e-mail address, network address and the time of signing are recorded in the certificate that
          is attached to the signed document.
        </div>
        <label class="check"
          ><input type="checkbox" name="consent" value="yes" required /> I agree to sign electronically</label
        >
        ${fields.map(entry)}
        <div class="field">
          <label for="name">Type your full name</label>
          <input class="signature" type="text" id="name" name="name" autocomplete="name" required maxlength="200" />
        </div>
        <button>Sign</button>
      </form>
      <details>
        <summary>I do not want to sign</summary>
        <form method="post" action="${base}/decline${query}">
          <div class="field">
            <label for="reason">Reason (the sender will see it)</label>
            <textarea id="reason" name="reason" maxlength="2000"></textarea>
          </div>
          <button class="danger">Decline</button>
        </form>
      </details>
      <details>
        <summary>Somebody else must sign</summary>
        <form method="post" action="${base}/reassign${query}">
          <div class="field">
            <label for="reassign-name">Their name</label>
            <input type="text" id="reassign-name" name="name" autocomplete="off" maxlength="200" />
          </div>
          <div class="field">
            <label for="reassign-email">Their e-mail</label>
            <input type="email" id="reassign-email" name="email" autocomplete="off" required />
          </div>
          <button class="quiet">Pass on</button>
          <p class="muted">They get a link of their own. This one will no longer work.</p>
        </form>
      </details>
    </section>
  </div>`;
  return frame({ title: `Sign ${envelope.document.name}`, body });
}

/** Signature, initials and date fill themselves; texts and boxes are the signer's to fill. */
function entry(field: Field): Html | null {
  const name = `field_${field.id}`;
  const label = field.label ?? field.type;
  if (field.type === 'text') {
    return html`<div class="field">
      <label for="${name}">${label}${field.required ? '' : ' (optional)'}</label>
      <input
        type="text"
        id="${name}"
        name="${name}"
        value="${field.value ?? ''}"
        maxlength="1000"
        ${field.required ? html`required` : null}
      />
    </div>`;
  }
  if (field.type === 'checkbox') {
    return html`<label class="check"><input type="checkbox" name="${name}" value="on" /> ${label}</label>`;
  }
  return null;
}

/** What a signer meets when there is nothing for them to do: not their turn, done, or over. */
export function signClosedPage(envelope: Envelope, party: Party): string {
  const [title, text] = closing(envelope, party);
  const copy =
    statusOf(envelope) === 'signed'
      ? html`<p class="links">
          <a href="/sign/${envelope.id}/signed.pdf?t=${party.token}">Download the signed document</a>
        </p>`
      : null;
  const body = html`<section class="card notice">
    <h1>${title}</h1>
    <p>${text}</p>
    ${copy}
  </section>`;
  return frame({ title, body });
}

function closing(envelope: Envelope, party: Party): [string, string] {
  const name = envelope.document.name;
  if (envelope.voidedAt !== null) return ['No longer available', `The sender has cancelled ${name}.`];
  if (party.status === 'declined') return ['You declined', 'The sender has been told. There is nothing more to do.'];
  if (envelope.declinedAt !== null) return ['No longer available', `${name} was declined.`];
  if (envelope.signedAt !== null) return ['All signed', `Everybody has signed ${name}.`];
  if (party.status === 'signed')
    return ['Thank you, you have signed', 'You will get a copy when everybody has signed.'];
  if (envelope.sentAt === null) return ['Not sent yet', `${name} is still being prepared.`];
  return ['It is not your turn yet', 'You will get an e-mail as soon as those before you have signed.'];
}
