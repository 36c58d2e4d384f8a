/** What Salesforce sends by itself: outbound messages in SOAP, and the signed callout of a company's own Apex. */
import { createHmac, randomUUID } from 'node:crypto';
import { withSuffix } from './records.js';

/** SOAP API Developer Guide, "Understanding Notifications". */
const MOST_NOTIFICATIONS = 100;

export interface OutboundSwitches {
  /** Every message is delivered twice at the same time. */
  twice: boolean;
  /** Messages that wait together go out in the opposite order. */
  reversed: boolean;
  /** Milliseconds between a change and its message. */
  lateMs: number;
  /** Milliseconds until an unanswered message comes again; each further time twice as long, at most two hours. */
  retryMs: number;
}

export interface Delivery {
  ids: string[];
  /** 0 where there was no answer. */
  status: number;
  acknowledged: boolean;
}

export class Outbound {
  readonly deliveries: Delivery[] = [];
  readonly switches: OutboundSwitches = { twice: false, reversed: false, lateMs: 0, retryMs: 1000 };
  /** Where changes of stage are told; null tells nobody. */
  endpoint: string | null = null;
  private readonly timers = new Set<NodeJS.Timeout>();
  private waiting: string[] = [];
  private messages = 0;
  private closed = false;

  constructor(private readonly organizationId: string) {}

  /** Notes a change, which is sent with what else changes meanwhile. */
  changed(id: string): void {
    if (this.endpoint === null) return;
    this.waiting.push(id);
    if (this.waiting.length === 1) this.after(this.switches.lateMs, () => this.flush());
  }

  /** Sends one message for up to 100 records each, once, with no retry. */
  async send(url: string, ids: readonly string[], organizationId = this.organizationId): Promise<Delivery[]> {
    const sent = batchesOf(ids).map((batch) => this.post(url, batch, this.envelope(batch, organizationId)));
    return Promise.all(sent);
  }

  /** As the Apex of docs/crm-salesforce.md sends it. */
  async callout(url: string, ids: readonly string[], secret: string, at = new Date()): Promise<number> {
    const body = JSON.stringify({ opportunityIds: ids });
    const id = randomUUID();
    const timestamp = String(Math.floor(at.getTime() / 1000));
    const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    };
    const answer = await fetch(url, { method: 'POST', headers, body });
    await answer.arrayBuffer();
    return answer.status;
  }

  /** Text of a message, as it goes over the wire. */
  envelope(ids: readonly string[], organizationId = this.organizationId): string {
    const notifications = ids.map((id) => {
      this.messages += 1;
      const notification = withSuffix(`04lWx0000${String(this.messages).padStart(6, '0')}`);
      return `<Notification><Id>${notification}</Id><sObject xsi:type="sf:Opportunity" xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><sf:Id>${id}</sf:Id></sObject></Notification>`;
    });
    return (
      '<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" ' +
      'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>' +
      `<notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>${organizationId}</OrganizationId>` +
      '<ActionId>04kWx0000000001IAA</ActionId><SessionId xsi:nil="true"/><EnterpriseUrl>https://example.my.salesforce.com/services/Soap/c/62.0</EnterpriseUrl>' +
      `<PartnerUrl>https://example.my.salesforce.com/services/Soap/u/62.0</PartnerUrl>${notifications.join('')}</notifications>` +
      '</soapenv:Body></soapenv:Envelope>'
    );
  }

  close(): void {
    this.closed = true;
    for (const timer of this.timers) clearTimeout(timer);
  }

  private flush(): void {
    const url = this.endpoint;
    const batches = batchesOf(this.waiting);
    this.waiting = [];
    if (url === null) return;
    for (const batch of this.switches.reversed ? batches.reverse() : batches) {
      const text = this.envelope(batch);
      for (let copy = 0; copy < (this.switches.twice ? 2 : 1); copy += 1)
        this.insist(url, batch, text, this.switches.retryMs);
    }
  }

  private insist(url: string, ids: string[], text: string, retryMs: number): void {
    void this.post(url, ids, text).then(({ acknowledged }) => {
      const longer = Math.min(retryMs * 2, 2 * 3_600_000);
      if (!acknowledged) this.after(retryMs, () => this.insist(url, ids, text, longer));
    });
  }

  private async post(url: string, ids: string[], text: string): Promise<Delivery> {
    const delivery: Delivery = { ids, status: 0, acknowledged: false };
    try {
      const headers = { 'content-type': 'text/xml; charset=utf-8', soapaction: '""' };
      const answer = await fetch(url, { method: 'POST', headers, body: text, signal: AbortSignal.timeout(60_000) });
      const said = await answer.text();
      delivery.status = answer.status;
      delivery.acknowledged = answer.ok && /<(?:\w+:)?Ack>\s*true\s*<\/(?:\w+:)?Ack>/.test(said);
    } catch {
      // Nobody answered: it is not acknowledged.
    }
    this.deliveries.push(delivery);
    return delivery;
  }

  private after(ms: number, work: () => void): void {
    if (this.closed) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      work();
    }, ms);
    this.timers.add(timer);
  }
}

function batchesOf(ids: readonly string[]): string[][] {
  const batches: string[][] = [];
  for (let start = 0; start < ids.length; start += MOST_NOTIFICATIONS)
    batches.push(ids.slice(start, start + MOST_NOTIFICATIONS));
  return batches;
}
