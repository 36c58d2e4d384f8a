/** An outbound message: SOAP with up to 100 notifications (SOAP API Developer Guide, "Understanding the Outbound Messaging WSDL"). */
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { z } from 'zod';
import { BadNotification } from '../intake.js';

export interface OutboundMessage {
  organizationId: string;
  /** Of the records that it tells of, as they stand there. */
  recordIds: string[];
}

const MOST_NOTIFICATIONS = 100;

/** Only ids are read, so no text needs its entities; ids of digits alone stay texts. */
const parser = new XMLParser({
  ignoreAttributes: true,
  removeNSPrefix: true,
  processEntities: false,
  parseTagValue: false,
  isArray: (name) => name === 'Notification',
});

const message = z.object({
  Envelope: z.object({
    Body: z.object({
      notifications: z.object({
        OrganizationId: z.string(),
        Notification: z
          .array(z.object({ sObject: z.object({ Id: z.string() }) }))
          .min(1)
          .max(MOST_NOTIFICATIONS),
      }),
    }),
  }),
});

/** Throws `BadNotification` `malformed`. */
export function readOutboundMessage(body: Buffer): OutboundMessage {
  const text = body.toString('utf8');
  // A message has none, and what a document type may ask of a parser is nothing to be tried out.
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text))
    throw new BadNotification('malformed', 'An outbound message has no document type.');
  if (XMLValidator.validate(text) !== true) throw new BadNotification('malformed', 'The body is no XML.');
  const read = message.safeParse(parsed(text));
  if (!read.success) throw new BadNotification('malformed', 'The body is no outbound message for opportunities.');
  const { OrganizationId, Notification } = read.data.Envelope.Body.notifications;
  return { organizationId: OrganizationId, recordIds: Notification.map(({ sObject }) => sObject.Id) };
}

function parsed(text: string): unknown {
  try {
    return parser.parse(text);
  } catch {
    throw new BadNotification('malformed', 'The body is no XML.');
  }
}
