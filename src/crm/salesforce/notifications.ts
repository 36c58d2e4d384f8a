/** What Salesforce sends to the gateway: outbound messages, and callouts of Apex or a flow. */
import { z } from 'zod';
import { BadNotification, type CrmNotifications } from '../intake.js';
import { signingKeyOf } from '../webhook-signature.js';
import { isSignedWebhook, sameSecret } from '../webhook-verification.js';
import { idOf } from './ids.js';
import { readOutboundMessage } from './outbound-message.js';

export interface NotificationSettings {
  secret: string;
  /** 18 characters. */
  organizationId: string;
}

const callout = z.object({ opportunityIds: z.array(z.string()).min(1).max(200) });

/** An outbound message is sent again for a day unless it is answered by these words; a callout does not care what it reads. */
const ACKNOWLEDGEMENT =
  '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>' +
  '<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>' +
  '</soapenv:Body></soapenv:Envelope>';

export function createSalesforceNotifications({ secret, organizationId }: NotificationSettings): CrmNotifications {
  const key = signingKeyOf(secret);
  return {
    name: 'salesforce',

    read({ url, headers, body }) {
      if (headers['webhook-signature'] !== undefined) {
        if (!isSignedWebhook(key, headers, body))
          throw new BadNotification('bad-signature', 'The signature is wrong or too old.');
        return eachOnce(calloutIds(body));
      }
      // Nothing of a message is read before its sender has shown the secret: outbound messages carry no signature, so the address has it.
      const shown = new URL(url).searchParams.get('key') ?? '';
      if (!sameSecret(shown, secret))
        throw new BadNotification('bad-signature', 'The address carries no key or a wrong one.');
      const message = readOutboundMessage(body);
      // Salesforce's advice: anybody can point a message of their own organization here (SOAP API Developer Guide, "Important Security Considerations").
      if (idOf('organization', message.organizationId) !== organizationId)
        throw new BadNotification(
          'bad-signature',
          'The message comes from another organization than SALESFORCE_ORGANIZATION_ID.',
        );
      return eachOnce(message.recordIds);
    },

    acknowledgement: { contentType: 'text/xml; charset=utf-8', body: ACKNOWLEDGEMENT },
  };
}

function calloutIds(body: Buffer): string[] {
  let said: unknown;
  try {
    said = JSON.parse(body.toString('utf8'));
  } catch {
    throw new BadNotification('malformed', 'The body is no JSON.');
  }
  const read = callout.safeParse(said);
  if (read.success) return read.data.opportunityIds;
  throw new BadNotification('malformed', 'The body must be {"opportunityIds": [...]} with 1 to 200 ids.');
}

function eachOnce(ids: readonly string[]): string[] {
  return [...new Set(ids.map(opportunityId))];
}

function opportunityId(text: string): string {
  const id = idOf('opportunity', text);
  if (id !== undefined) return id;
  throw new BadNotification('malformed', 'It names a record that is no opportunity: their ids begin with 006.');
}
