import type { Links } from './links.js';
import { currentSigner, signersOf, statusOf, type Envelope, type Field, type Party, type Template } from './model.js';
import type { Switches } from './switches.js';

type Json = Record<string, unknown>;

/** The API's own words for the sandbox's records: snake_case, and never more than the caller may see. */
export class Presenter {
  constructor(
    private readonly links: Links,
    private readonly switches: Switches,
  ) {}

  /** Atlas notes 2.2: the id and the review link. A sent envelope has no review left to do, but a first signer. */
  created(envelope: Envelope): Json {
    const current = currentSigner(envelope);
    return this.finish(envelope, {
      status: statusOf(envelope),
      ...(current === null
        ? { review_url: this.links.review(envelope) }
        : { sign_url: this.links.sign(envelope, current) }),
    });
  }

  sent(envelope: Envelope): Json {
    return this.finish(envelope, { success: true, status: statusOf(envelope), parties: this.parties(envelope) });
  }

  /** The outcome of an act on an envelope, with what else there is to say of it. */
  acted(envelope: Envelope, more: Json = {}): Json {
    return this.finish(envelope, { success: true, status: statusOf(envelope), ...more });
  }

  full(envelope: Envelope): Json {
    const status = statusOf(envelope);
    return this.finish(envelope, {
      status,
      created_at: envelope.createdAt,
      sent_at: envelope.sentAt,
      signed_at: envelope.signedAt,
      declined_at: envelope.declinedAt,
      decline_reason: envelope.declineReason,
      voided_at: envelope.voidedAt,
      void_reason: envelope.voidReason,
      document: documentOf(envelope),
      template_id: envelope.templateId,
      fields_status: envelope.fieldsStatus,
      fields_version: envelope.fieldsVersion,
      detected_parties: detectedParties(envelope),
      fields: envelope.fields.map((field) => fieldOf(field, envelope)),
      parties: this.parties(envelope),
      metadata: envelope.metadata,
      webhook_url: envelope.webhookUrl,
      legal_framework: envelope.legalFramework,
      team_id: envelope.teamId,
      consumer_disclosure: true,
      ...(status === 'draft' && this.switches.now.review_url_in_get ? { review_url: this.links.review(envelope) } : {}),
      ...(status === 'signed'
        ? { signed_download_url: this.links.download(envelope, this.switches.now.download_ttl_ms) }
        : {}),
    });
  }

  /** What one signer sees: nothing of the others, not even who they are (Atlas notes 7). */
  signerView(envelope: Envelope, party: Party): Json {
    return this.finish(envelope, {
      status: statusOf(envelope),
      document: { name: envelope.document.name, pages: envelope.document.pages },
      party: this.party(envelope, party),
      fields: ownFields(envelope, party).map((field) => fieldOf(field, envelope)),
      legal_framework: envelope.legalFramework,
      consumer_disclosure: true,
      qes_required: false,
    });
  }

  /** Atlas notes 2.4. Carbon copies are not counted. */
  status(envelope: Envelope): Json {
    const signers = signersOf(envelope);
    const current = currentSigner(envelope);
    return this.tidy({
      status: statusOf(envelope),
      signed_count: signers.filter((party) => party.status === 'signed').length,
      total: signers.length,
      next_signer_email: current?.email ?? null,
      sign_url: current === null ? null : this.nextLink(envelope, current),
    });
  }

  private nextLink(envelope: Envelope, current: Party): string {
    return this.switches.now.sign_url_token
      ? this.links.sign(envelope, current)
      : this.links.signWithoutToken(envelope);
  }

  listed(envelope: Envelope): Json {
    return this.finish(envelope, {
      status: statusOf(envelope),
      fields_status: envelope.fieldsStatus,
      created_at: envelope.createdAt,
      document: documentOf(envelope),
      metadata: envelope.metadata,
    });
  }

  fields(envelope: Envelope): Json {
    return this.finish(envelope, {
      success: true,
      fields_version: envelope.fieldsVersion,
      fields: envelope.fields.map((field) => fieldOf(field, envelope)),
    });
  }

  template(template: Template): Json {
    return this.tidy({
      template_id: template.id,
      name: template.name,
      ready: template.ready,
      updated_at: template.updatedAt,
      roles: template.roles,
      prefill_keys: template.prefillKeys,
      fields: template.fields.map((field) => ({
        id: field.id,
        type: field.type,
        label: field.label,
        role: field.role,
        prefill_key: field.prefillKey,
        page: field.page,
        x_pct: field.xPct,
        y_pct: field.yPct,
        w_pct: field.wPct,
        h_pct: field.hPct,
      })),
    });
  }

  parties(envelope: Envelope): Json[] {
    return envelope.parties.map((party) => this.party(envelope, party));
  }

  private party(envelope: Envelope, party: Party): Json {
    const withLink = envelope.sentAt !== null && party.roleType !== 'cc';
    return this.tidy({
      email: party.email,
      name: party.name,
      role: party.role,
      role_type: party.roleType,
      order: party.order,
      company: party.company,
      status: party.status,
      signed_at: party.signedAt,
      ...(withLink ? { sign_url: this.links.sign(envelope, party) } : {}),
    });
  }

  private finish(envelope: Envelope, rest: Json): Json {
    return this.tidy({ [this.switches.now.id_key]: envelope.id, ...rest });
  }

  private tidy(value: Json): Json {
    if (!this.switches.now.omit_nulls) return value;
    return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== null));
  }
}

export function ownFields(envelope: Envelope, party: Party): Field[] {
  const index = envelope.parties.indexOf(party);
  return envelope.fields.filter((field) => field.partyIndex === index);
}

function documentOf({ document }: Envelope): Json {
  return {
    name: document.name,
    pages: document.pages,
    bytes: document.bytes,
    sha256: document.sha256,
    source: document.source,
  };
}

/** `party_index` is stored, `party_order` resolved at read time (Atlas notes 2.3). */
function fieldOf(field: Field, envelope: Envelope): Json {
  return {
    id: field.id,
    type: field.type,
    label: field.label,
    page: field.page,
    x_pct: field.xPct,
    y_pct: field.yPct,
    w_pct: field.wPct,
    h_pct: field.hPct,
    confidence: field.confidence,
    party_index: field.partyIndex,
    party_order: field.partyIndex === null ? null : (envelope.parties[field.partyIndex]?.order ?? field.partyIndex + 1),
    required: field.required,
    value: field.value,
  };
}

function detectedParties(envelope: Envelope): Json[] {
  const indexes = [...new Set(envelope.fields.flatMap((field) => field.partyIndex ?? []))].sort((a, b) => a - b);
  return indexes.map((index) => {
    const party = envelope.parties[index];
    return { name: party?.name ?? `Signer ${index + 1}`, role_hint: party?.role ?? null };
  });
}
