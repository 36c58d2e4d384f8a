import { statusOf, type Delivery, type Envelope, type Party } from '../model.js';
import { fieldMap, partyDot } from './field-map.js';
import { banner, documentView, frame, moment, pill } from './frame.js';
import { html, type Html } from './html.js';

/** Without any party given, the form offers this many rows. */
const EMPTY_ROWS = 2;

/** The page behind `review_url`: a person checks document, fields and parties, and presses Send (Atlas notes 7). Whoever holds `rt` may. */
export function reviewPage(envelope: Envelope, deliveries: readonly Delivery[], problem: string | null): string {
  const status = statusOf(envelope);
  const base = `/review/${envelope.id}`;
  const query = `?rt=${envelope.reviewToken}`;
  const detecting = envelope.fieldsStatus === 'pending' && status === 'draft';
  const body = html`
    <div class="head">
      <h1>${envelope.document.name}</h1>
      <div class="row">${pill(status)} <span class="mono muted">${envelope.id}</span></div>
    </div>
    ${problem === null ? null : banner('error', problem)} ${progress(envelope)}
    <div class="columns">
      <div>
        <section class="card">
          <h2>Document</h2>
          ${documentOf(envelope, base, query)}
        </section>
        <section class="card">
          <div class="between title">
            <h2>Fields</h2>
            <span>${pill(envelope.fieldsStatus)} <small>version ${envelope.fieldsVersion}</small></span>
          </div>
          ${fieldMap(envelope.fields, envelope.parties)}
          ${status === 'draft' ? placing(envelope, `${base}/place-fields${query}`) : null}
        </section>
      </div>
      <div class="side">
        <section class="card">
          <h2>Parties</h2>
          ${status === 'draft' ? sendForm(envelope, `${base}/send${query}`, detecting) : partyList(envelope)}
        </section>
        <section class="card">
          <h2>Webhook deliveries</h2>
          ${deliveryList(envelope, deliveries)}
        </section>
      </div>
    </div>
  `;
  return frame({ title: `Review ${envelope.document.name}`, body, ...(detecting ? { refreshSeconds: 2 } : {}) });
}

/** The original, and in its place the executed document once there is one. */
function documentOf(envelope: Envelope, base: string, query: string): Html {
  const { name, pages } = envelope.document;
  if (statusOf(envelope) === 'signed') return documentView(`${base}/signed.pdf${query}`, `${name}, signed`, null);
  return documentView(`${base}/document.pdf${query}`, name, pages);
}

function progress(envelope: Envelope): Html | null {
  switch (statusOf(envelope)) {
    case 'draft':
      if (envelope.fieldsStatus === 'pending')
        return banner('info', 'Fields are being detected. This page reloads by itself.');
      if (envelope.fieldsStatus === 'ready') return null;
      return banner('info', `${whyNoFields(envelope)} Place the fields by hand, or send without.`);
    case 'pending':
      return banner('success', 'Sent. The parties sign in turn.');
    case 'signed':
      return banner('success', 'Everybody has signed.');
    case 'declined':
      return banner('error', `Declined${envelope.declineReason === null ? '.' : `: ${envelope.declineReason}`}`);
    case 'voided':
      return banner('error', `Voided${envelope.voidReason === null ? '.' : `: ${envelope.voidReason}`}`);
  }
}

function whyNoFields(envelope: Envelope): string {
  if (envelope.fieldsStatus === 'recovered_empty') return 'Detection found no fields.';
  const why = envelope.metadata['detection_error'];
  return `Detection failed${typeof why === 'string' ? `: ${why}.` : '.'}`;
}

function placing(envelope: Envelope, action: string): Html | null {
  if (envelope.fieldsStatus === 'pending' || envelope.fields.length > 0) return null;
  return html`<form method="post" action="${action}">
    <button class="quiet">Place fields on the last page</button>
  </form>`;
}

function sendForm(envelope: Envelope, action: string, detecting: boolean): Html {
  const rows: (Party | null)[] =
    envelope.parties.length > 0 ? envelope.parties : Array.from({ length: EMPTY_ROWS }, () => null);
  return html`<form method="post" action="${action}">
    <input type="hidden" name="fields_version" value="${envelope.fieldsVersion}" />
    ${rows.map((party, index) => partyRow(party, index))}
    <details>
      <summary>Add a signer</summary>
      ${partyRow(null, rows.length)}
    </details>
    <button ${detecting ? html`disabled` : null}>Send for signature</button>
    <p class="muted">Sending costs one credit. The first signer is written to at once.</p>
  </form>`;
}

function partyRow(party: Party | null, index: number): Html {
  const name = (what: string): string => `party_${index}_${what}`;
  const role = party?.role ?? null;
  const kind = party?.roleType === 'cc' ? 'Copy to' : `Signer ${party?.order ?? index + 1}`;
  const hidden = [
    ['role', role],
    ['role_type', party?.roleType ?? null],
    ['company', party?.company ?? null],
    ['order', party === null ? null : String(party.order)],
  ].map(([what, value]) =>
    value === null || value === undefined
      ? null
      : html`<input type="hidden" name="${name(what ?? '')}" value="${value}" />`,
  );
  return html`<fieldset>
    <legend>${partyDot(index)}${kind}${role === null ? '' : ` · ${role}`}</legend>
    ${hidden}
    <div class="field">
      <label for="${name('name')}">Name</label>
      <input type="text" id="${name('name')}" name="${name('name')}" value="${party?.name ?? ''}" autocomplete="off" />
    </div>
    <div class="field">
      <label for="${name('email')}">E-mail</label>
      <input
        type="email"
        id="${name('email')}"
        name="${name('email')}"
        value="${party?.email ?? ''}"
        autocomplete="off"
      />
    </div>
  </fieldset>`;
}

function partyList(envelope: Envelope): Html {
  return html`<ul class="list">
    ${envelope.parties.map(
      (party, index) =>
        html`<li>
          <div class="between">
            <strong>${partyDot(index)}${party.name ?? party.email}</strong>
            ${party.status === null ? pill('copy') : pill(party.status)}
          </div>
          <small>
            ${party.email}${party.role === null ? '' : ` · ${party.role}`}
            ${party.signedAt === null ? null : html`<br />Signed ${moment(party.signedAt)}`}
          </small>
        </li>`,
    )}
  </ul>`;
}

function deliveryList(envelope: Envelope, deliveries: readonly Delivery[]): Html {
  if (envelope.webhookUrl === null) return html`<p class="muted">This envelope has no webhook URL.</p>`;
  return html`<ul class="list">
    ${deliveries.map(
      (delivery) =>
        html`<li>
          <div class="between"><strong>${delivery.event}</strong> ${pill(delivery.state)}</div>
          ${delivery.attempts.map(
            (attempt) =>
              html`<small
                >${moment(attempt.at)}: ${attempt.status ?? attempt.error ?? 'no answer'} in ${attempt.ms} ms<br
              /></small>`,
          )}
        </li>`,
    )}
  </ul>`;
}
