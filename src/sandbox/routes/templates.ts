import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { parseParties } from '../parties.js';
import { Refusal } from '../refusal.js';
import type { World } from '../world.js';
import type { Answer } from './answers.js';
import { addApiRoute, type Call } from './api.js';
import { detailsSchema } from './envelopes.js';
import { read } from './reading.js';

const prefillSchema = z.object({ prefill: z.record(z.string(), z.string()).default({}) });

/** Templates and their repeat send (Atlas notes 8). */
export function addTemplateRoutes(app: FastifyInstance, world: World): void {
  addApiRoute(app, world, { method: 'GET', url: '/api/templates/:id' }, (call) => () => {
    return { status: 200, body: world.present.template(world.templates.get(call.id)) };
  });
  addApiRoute(app, world, { method: 'POST', url: '/api/templates/:id/send', idempotent: true }, (call) =>
    send(world, call),
  );
}

async function send(world: World, call: Call): Promise<() => Answer> {
  const key = call.key();
  const { values } = call.body;
  const template = world.templates.get(call.id);
  const details = read(detailsSchema, values);
  const { prefill } = read(prefillSchema, values);
  const parties = parseParties(values['parties']);
  world.templates.checkRoles(template, parties);
  const fields = world.templates.fieldsFor(template, parties, prefill);
  if (!template.ready)
    throw new Refusal(409, 'template_not_ready', 'This template must be signed off before it is sent');
  const autoSend = details.auto_send ?? world.switches.now.template_auto_send_default;
  const { sha256, bytes } = await world.templates.document(template);
  return () => {
    if (autoSend) world.accounts.checkMaySend(key.organisation);
    const envelope = world.envelopes.create(
      {
        organisation: key.organisation,
        keyId: key.id,
        document: { name: `${template.name}.pdf`, sha256, bytes, source: 'pdf', pages: 1 },
        parties,
        metadata: details.metadata,
        webhookUrl: details.webhook_url ?? null,
        legalFramework: details.legal_framework,
        teamId: details.team_id ?? null,
        autoSend,
        templateId: template.id,
        fields,
        fieldsStatus: 'ready',
      },
      'ready',
      0,
    );
    if (autoSend) world.envelopes.send(envelope, null, null);
    return {
      status: world.switches.now.created_status,
      body: world.present.created(envelope),
      envelopeId: envelope.id,
    };
  };
}
