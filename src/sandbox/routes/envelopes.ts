import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { askedOutcome } from '../detection.js';
import { fieldsPatchSchema } from '../fields.js';
import { takeDocument } from '../intake.js';
import { statusOf, type Envelope } from '../model.js';
import { parseParties } from '../parties.js';
import { Refusal } from '../refusal.js';
import { externalIdGroup } from '../store.js';
import type { World } from '../world.js';
import type { Answer } from './answers.js';
import { addApiRoute, type Call } from './api.js';
import { read } from './reading.js';

const webUrl = z.url({ protocol: /^https?$/ });

/** What else a create says, of an ad-hoc envelope and of one from a template (Atlas notes 2.1). */
export const detailsSchema = z.object({
  webhook_url: webUrl.optional(),
  metadata: z.record(z.string(), z.unknown()).default({}),
  auto_send: z.boolean().optional(),
  legal_framework: z.enum(['esign_ueta', 'eidas_ses', 'eidas_qes', 'uk_esign', 'ueca_canada']).default('esign_ueta'),
  team_id: z.string().optional(),
});

const sendSchema = z.object({ fields_version: z.number().int().optional() });
const reasonSchema = z.object({ reason: z.string().max(2000).optional() });

const listSchema = z.object({
  status: z.enum(['draft', 'pending', 'signed', 'declined', 'voided']).optional(),
  external_id: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.coerce.number().int().min(0).optional(),
});

/** The envelope routes of Atlas's API (Atlas notes 2). */
export function addEnvelopeRoutes(app: FastifyInstance, world: World): void {
  const { envelopes, present, store } = world;
  const ok = (body: unknown): Answer => ({ status: 200, body });

  addApiRoute(app, world, { method: 'POST', url: '/api/envelope', idempotent: true }, (call) => create(world, call));

  addApiRoute(app, world, { method: 'GET', url: '/api/envelope/:id', signerMayCall: true }, (call) => () => {
    const token = call.query.get('t');
    if (token === null) return ok(present.full(call.envelope()));
    const envelope = call.anyEnvelope();
    return ok(present.signerView(envelope, envelopes.partyOf(envelope, token)));
  });

  addApiRoute(app, world, { method: 'GET', url: '/api/envelope/:id/status' }, (call) => () => {
    return ok(present.status(call.envelope()));
  });

  addApiRoute(app, world, { method: 'POST', url: '/api/envelope/:id/send', idempotent: true }, (call) => () => {
    const envelope = call.envelope();
    const { parties } = call.body.values;
    const { fields_version: version } = read(sendSchema, call.body.values);
    envelopes.send(envelope, parties === undefined ? null : parseParties(parties), version ?? null);
    return ok(present.sent(envelope));
  });

  addApiRoute(app, world, { method: 'PATCH', url: '/api/envelope/:id/fields' }, (call) => () => {
    const envelope = call.envelope();
    envelopes.patchFields(envelope, read(fieldsPatchSchema, call.body.values));
    return ok(present.fields(envelope));
  });

  addApiRoute(app, world, { method: 'POST', url: '/api/envelope/:id/void' }, (call) => () => {
    const envelope = call.envelope();
    envelopes.void(envelope, read(reasonSchema, call.body.values).reason ?? null);
    return ok(present.acted(envelope, { credit_refunded: envelope.creditRefunded }));
  });

  addApiRoute(app, world, { method: 'POST', url: '/api/envelope/:id/decline', signerMayCall: true }, (call) => () => {
    const envelope = call.anyEnvelope();
    const party = envelopes.partyOf(envelope, call.bearer ?? call.query.get('t'));
    envelopes.decline(envelope, party, read(reasonSchema, call.body.values).reason ?? null);
    return ok(present.acted(envelope, { declined_at: envelope.declinedAt }));
  });

  addApiRoute(app, world, { method: 'POST', url: '/api/envelope/:id/remind' }, (call) => () => {
    const envelope = call.envelope();
    return ok(present.acted(envelope, { reminded: envelopes.remind(envelope).email }));
  });

  addApiRoute(app, world, { method: 'GET', url: '/api/envelope/:id/pdf' }, async (call) => {
    const envelope = call.envelope();
    if (statusOf(envelope) !== 'signed') throw new Refusal(409, 'not_signed', 'Not everybody has signed yet');
    const { pdf_delivery: way, download_ttl_ms: ttl } = world.switches.now;
    if (way === 'redirect') return () => ({ redirect: world.links.download(envelope, ttl) });
    const pdf = await world.signedPdfs.of(envelope);
    return () => ({ pdf });
  });

  addApiRoute(app, world, { method: 'GET', url: '/api/envelopes' }, (call) => () => {
    const { organisation } = call.key();
    const { status, external_id: externalId, limit, cursor } = read(listSchema, Object.fromEntries(call.query));
    const group = externalId === undefined ? organisation : externalIdGroup(organisation, externalId);
    const all = store.envelopes.in(group);
    const page: Envelope[] = [];
    // Newest first; a cursor is the number of older envelopes, so that new ones do not move the pages.
    let older = Math.min(cursor ?? all.length, all.length);
    for (; older > 0 && page.length < limit; older--) {
      const envelope = all[older - 1];
      if (envelope !== undefined && (status === undefined || statusOf(envelope) === status)) page.push(envelope);
    }
    const next = older > 0 ? String(older) : null;
    return ok({ envelopes: page.map((envelope) => present.listed(envelope)), next_cursor: next });
  });
}

async function create(world: World, call: Call): Promise<() => Answer> {
  const key = call.key();
  const { values } = call.body;
  if (values['template_id'] !== undefined) {
    throw new Refusal(400, 'template_id_not_allowed', 'template_id is not accepted here: use /api/templates/{id}/send');
  }
  const details = read(detailsSchema, values);
  if (details.legal_framework === 'eidas_qes') throw new Refusal(403, 'qes_partner_required', 'QES is not enabled');
  const parties = values['parties'] === undefined ? [] : parseParties(values['parties']);
  if (details.auto_send === true && !parties.some((party) => party.roleType !== 'cc')) {
    throw new Refusal(400, 'invalid_parties', 'parties: needed with auto_send');
  }
  const { document, scripted } = await takeDocument(call.body, world.documents, world.dispatcher);
  return () => {
    const expected = world.detection.expect(document.sha256, askedOutcome(details.metadata) ?? scripted);
    const envelope = world.envelopes.create(
      {
        organisation: key.organisation,
        keyId: key.id,
        document,
        parties,
        metadata: details.metadata,
        webhookUrl: details.webhook_url ?? null,
        legalFramework: details.legal_framework,
        teamId: details.team_id ?? null,
        autoSend: details.auto_send ?? false,
      },
      expected.outcome,
      expected.ms,
    );
    world.detection.start(envelope);
    return {
      status: world.switches.now.created_status,
      body: world.present.created(envelope),
      envelopeId: envelope.id,
    };
  };
}
