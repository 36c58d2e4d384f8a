import { nobodySigned } from '../../deal/party.js';
import type { Signer } from '../provider.js';
import { partiesIn } from './reading.js';
import type { AtlasEnvelope } from './schemas.js';

/** Who signs, in the order of their turns and named as their progress names them; null unless every one's address is told. */
export function signersIn(envelope: AtlasEnvelope): Signer[] | null {
  const parties = partiesIn(envelope).filter((party) => party.kind === 'signer');
  if (parties.length === 0 || parties.some((party) => party.email === '')) return null;
  return nobodySigned(parties).map(({ role, order }, turn) => ({ order, role, email: parties[turn]?.email ?? '' }));
}
