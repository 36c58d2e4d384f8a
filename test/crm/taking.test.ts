import { describe, expect, it } from 'vitest';
import { CrmError } from '../../src/crm/crm.js';
import type { CrmDeal, CrmIntake } from '../../src/crm/intake.js';
import { carryOut, planFor, type DealDoor } from '../../src/crm/taking.js';

const REQUEST = { dealId: '42', documentType: 'order-form', document: { uri: 'file:a.pdf' }, parties: [] };
const WANTED: CrmDeal = { kind: 'wanted', request: REQUEST, recorded: false };

/** Takes deal 42 as it stands in the CRM and at Temporal, and answers what came of it and what was done. */
async function taken(
  deal: CrmDeal,
  standing: Awaited<ReturnType<DealDoor['standing']>> = 'unknown',
  start: Awaited<ReturnType<DealDoor['start']>> = { kind: 'started' },
) {
  const done: unknown[] = [];
  const intake: CrmIntake = {
    look: async () => deal,
    wanting: async () => ({ dealIds: [], next: null }),
    explain: async (_dealId, why) => void done.push(['explain', why]),
  };
  const door: DealDoor = {
    start: async (request) => (done.push(['start', request]), start),
    standing: async (_dealId, round) => (done.push(['standing', round]), standing),
    cancel: async (_dealId, why) => (done.push(['cancel', why]), standing === 'open'),
  };
  const plan = await planFor(intake, door, '42');
  return {
    ...(await carryOut(plan, intake, door, '42')),
    done: done.filter((what) => !String(what).startsWith('standing')),
  };
}

describe('a deal that the CRM tells of', () => {
  it('is started when its record wants a contract and no run is known', async () => {
    expect(await taken(WANTED)).toEqual({ result: 'started', done: [['start', REQUEST]] });
  });

  it('is left alone in any other stage', async () => {
    expect(await taken({ kind: 'other' })).toEqual({ result: 'other', done: [] });
  });

  it('is left alone while its contract is under way, however often the CRM tells of it', async () => {
    expect(await taken(WANTED, 'open')).toEqual({ result: 'open', done: [] });
  });

  it('is left alone once its contract is signed, whatever its stage', async () => {
    expect(await taken(WANTED, { ended: 'completed' })).toEqual({ result: 'ended', done: [] });
  });

  it('is not started again after a decline, and its people are told how to', async () => {
    const why = 'Its contract has ended: declined. To do it again, set the round to 2.';
    expect(await taken(WANTED, { ended: 'declined' })).toEqual({ result: 'refused', why, done: [['explain', why]] });
  });

  it('is not started again when Temporal has forgotten a run that its record still shows', async () => {
    const why = 'Its contract was made before, and that run is forgotten. To do it again, set the round to 2.';
    const done = [['explain', why]];
    expect(await taken({ ...WANTED, recorded: true })).toEqual({ result: 'refused', why, done });
  });

  it('is started anew in the next round, when a person has set it', async () => {
    const request = { ...REQUEST, round: 2 };
    expect(await taken({ ...WANTED, request })).toEqual({ result: 'started', done: [['start', request]] });
  });

  it('tells its people what is missing', async () => {
    const why = 'Nobody is the signer “Customer”.';
    expect(await taken({ kind: 'unfit', why })).toEqual({ result: 'refused', why, done: [['explain', why]] });
  });

  it('tells its people when the gateway’s checks refuse it', async () => {
    const why = 'documentType: is not in the document types file';
    expect(await taken(WANTED, 'unknown', { kind: 'refused', why })).toEqual({
      result: 'refused',
      why,
      done: [
        ['start', REQUEST],
        ['explain', why],
      ],
    });
  });

  it('has its contract taken back when it was lost', async () => {
    const lost: CrmDeal = { kind: 'withdrawn', why: 'moved to Closed lost' };
    expect(await taken(lost, 'open')).toEqual({
      result: 'cancelled',
      why: 'moved to Closed lost',
      done: [['cancel', 'withdrawn in the CRM: moved to Closed lost']],
    });
    expect(await taken(lost)).toMatchObject({ result: 'other' });
  });

  it('is not decided about while the CRM cannot be read', async () => {
    const away: CrmIntake = {
      look: () => Promise.reject(new CrmError('unavailable', 'away')),
      wanting: async () => ({ dealIds: [], next: null }),
      explain: async () => undefined,
    };
    const door: DealDoor = {
      start: async () => ({ kind: 'started' }),
      standing: async () => 'unknown',
      cancel: async () => true,
    };
    await expect(planFor(away, door, '42')).rejects.toThrow('away');
  });
});
