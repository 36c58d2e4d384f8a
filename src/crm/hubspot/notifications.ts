/** HubSpot's webhooks: batches of events, at least once, late and in any order. They only say which deals to look at. */
import { z } from 'zod';
import { BadNotification, type CrmNotifications } from '../intake.js';
import type { HubSpotMapping } from './mapping.js';
import { verifySignature } from './signature.js';

const id = z.union([z.int().positive(), z.string().regex(/^\d+$/)]).transform(String);

/** Of an event only what tells whether it matters; kinds of events that are not known may look any way. */
const event = z.looseObject({ subscriptionType: z.string() });
const changed = z.looseObject({ objectId: id, propertyName: z.string(), propertyValue: z.string().nullish() });
const about = z.looseObject({ objectId: id });
const merged = z.looseObject({ primaryObjectId: id, mergedObjectIds: z.array(id) });

/** HubSpot's own id of the type "deal", in events of the generic kind (HubSpot docs, Webhooks: generic subscriptions). */
const DEAL_TYPE = '0-3';

export function createHubSpotNotifications(
  secret: string,
  mapping: Pick<HubSpotMapping, 'triggers' | 'withdrawn' | 'round'>,
): CrmNotifications {
  const stages = new Set([...Object.keys(mapping.triggers), ...mapping.withdrawn]);

  /** The deals that an event sends us to; none when it changes nothing for contracts. */
  function dealsOf(given: z.output<typeof event>): string[] {
    switch (happeningTo(given)) {
      case 'propertyChange': {
        const { objectId, propertyName, propertyValue } = parsed(changed, given);
        const matters =
          (propertyName === 'dealstage' && stages.has(propertyValue ?? '')) || propertyName === mapping.round;
        return matters ? [objectId] : [];
      }
      // A deal may be made, or come back, in a stage that wants a contract.
      case 'creation':
      case 'restore':
      case 'deletion':
        return [parsed(about, given).objectId];
      case 'merge': {
        const { primaryObjectId, mergedObjectIds } = parsed(merged, given);
        return [primaryObjectId, ...mergedObjectIds];
      }
      default:
        return [];
    }
  }

  return {
    name: 'hubspot',
    read(request) {
      verifySignature(request, secret);
      const events = parsed(z.array(event), jsonOf(request.body));
      return [...new Set(events.flatMap(dealsOf))];
    },
    acknowledgement: { contentType: 'text/plain; charset=utf-8', body: '' },
  };
}

/** `deal.propertyChange`, or `object.propertyChange` with the type of deals: `propertyChange`. Null for all other objects. */
function happeningTo({ subscriptionType, objectTypeId }: z.output<typeof event>): string | null {
  const [object, happening] = subscriptionType.split('.');
  const isDeal = object === 'deal' || (object === 'object' && objectTypeId === DEAL_TYPE);
  return isDeal ? (happening ?? null) : null;
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new BadNotification('malformed', 'The notification is no JSON.');
  }
}

function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue?.path.map(String).join('.') || 'body';
  throw new BadNotification('malformed', `The notification cannot be read: ${where}: ${issue?.message ?? 'unknown'}`);
}
