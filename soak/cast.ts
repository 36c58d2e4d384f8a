/** What the people of a deal have at hand, and what they see when they look. */
import type { MessageName } from '../src/deal/messages.js';
import type { DealSnapshot } from '../src/deal/snapshot.js';
import type { AtlasDesk, AtlasEnvelope } from './atlas-desk.js';
import type { TrialCrm } from './crm.js';
import type { GatewayClient } from './gateway-client.js';
import type { Random } from './random.js';

export interface Cast {
  dealId: string;
  gateway: GatewayClient;
  atlas: AtlasDesk;
  crm: TrialCrm;
  /** Folder of the documents. */
  contracts: string;
  /** Of this deal alone. */
  random: Random;
  /** Seconds, give or take, that people need to make up their minds. */
  think(): Promise<void>;
  /** Tells the deal something, by whoever usually does: true when it took it or will hear it, false when it would not (now). */
  tell(name: MessageName, body: object): Promise<boolean>;
}

export interface View {
  deal: DealSnapshot;
  /** The deal's present envelope as it stands at Atlas. */
  envelope: AtlasEnvelope | null;
}

/** Something out of the ordinary that people do once, as soon as `when` holds. Until it answers true it is tried at every look. */
export interface Step {
  when(view: View): boolean;
  does(cast: Cast, view: View): Promise<boolean>;
}

export function isOut({ deal, envelope }: View): boolean {
  return deal.stage === 'out-for-signature' && envelope?.status === 'pending';
}

/** `order` of the signer whose turn it is at Atlas; null when it is nobody's. */
export function turnOf({ envelope }: View): number | null {
  return envelope?.parties.find(({ status }) => status === 'pending')?.order ?? null;
}

export function signedBy({ envelope }: View): number {
  return envelope?.parties.filter(({ status }) => status === 'signed').length ?? 0;
}

export function isLastTurn(view: View): boolean {
  const signers = view.envelope?.parties.filter(({ roleType }) => roleType !== 'cc').length ?? 0;
  return isOut(view) && signedBy(view) === signers - 1;
}

/** For deeds that are done to an envelope, when there is one. */
export function idOf({ deal, envelope }: View): string {
  if (envelope === null) throw new Error(`${deal.dealId} has no envelope`);
  return envelope.id;
}
