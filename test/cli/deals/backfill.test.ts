import { describe, expect, it } from 'vitest';
import { CrmError } from '../../../src/crm/crm.js';
import type { ConfiguredCrm } from '../../../src/crm/driver.js';
import type { CrmDeal } from '../../../src/crm/intake.js';
import { paperDeals, type PaperDeals } from '../../gateway/a-gateway.js';
import { aPaperWorld, type PaperWorld } from '../../support/paper-world.js';
import { countersign } from './a-command.js';

function wanted(dealId: string, recorded = false): CrmDeal {
  const parties = [{ email: 'ada@customer.example', role: 'Customer' }];
  const request = { dealId, documentType: 'order-form', document: { uri: 'file:order-form.pdf' }, parties };
  return { kind: 'wanted', request, recorded };
}

/** A CRM in which these deals wait, no run of which is known. */
function aCrm(...waiting: CrmDeal[]): {
  crm: () => ConfiguredCrm;
  world: PaperWorld;
  deals: PaperDeals;
  closed: () => boolean;
} {
  const world = aPaperWorld(new Uint8Array());
  for (const deal of waiting) if (deal.kind === 'wanted') world.wanted.set(deal.request.dealId, deal);
  let closed = false;
  world.crm.close = async () => void (closed = true);
  const configured: ConfiguredCrm = {
    name: 'paper',
    remedy: '',
    open: async () => ({ crm: world.crm, intake: world.intake }),
    examine: async () => '',
  };
  const deals = paperDeals();
  deals.answers.read = () => ({ kind: 'unknown' });
  return { crm: () => configured, world, deals, closed: () => closed };
}

describe('countersign deals backfill', () => {
  it('starts the deals that wait in the CRM and have no run', async () => {
    const { crm, deals, closed } = aCrm(wanted('D-1'), wanted('D-2'), wanted('D-3'));
    const { code, out, opened } = await countersign(['backfill'], { crm, deals });
    expect(deals.started.map(({ dealId }) => dealId)).toEqual(['D-1', 'D-2', 'D-3']);
    expect(out).toBe('D-1\tstarted\nD-2\tstarted\nD-3\tstarted\n3 of 3 waiting deals were started.\n');
    expect(code).toBe(0);
    expect(opened).toEqual([{ starting: true }]);
    expect(closed()).toBe(true);
  });

  it('says beforehand what it would do, and does nothing', async () => {
    const { crm, deals, world } = aCrm(wanted('D-1'), wanted('D-2', true));
    const { code, out } = await countersign(['backfill', '--dry-run'], { crm, deals });
    expect(out).toMatch(/^D-1\s+start\s*$/m);
    expect(out).toMatch(/^D-2\s+refuse\s+Its contract was made before/m);
    expect(out).toContain('1 of 2 waiting deals would be started. Nothing was done.\n');
    expect(code).toBe(0);
    expect([deals.started, world.explained]).toEqual([[], []]);
  });

  it('tells of each deal that gets no contract, there and here, and fails', async () => {
    const { crm, deals, world } = aCrm(wanted('D-1'), wanted('D-2'));
    deals.answers.start = () => ({ kind: 'envelope-taken', workflowId: 'deal-7' });
    const { code, out } = await countersign(['backfill', '--json'], { crm, deals });
    const why = "The envelope is deal-7's already: look at that deal.";
    expect(JSON.parse(out)).toEqual({
      ok: false,
      dryRun: false,
      started: 0,
      left: 0,
      deals: ['D-1', 'D-2'].map((dealId) => ({ dealId, result: 'refused', why })),
    });
    expect(world.explained).toHaveLength(2);
    expect(code).toBe(1);
  });

  it('says so when nothing waits', async () => {
    const { code, out } = await countersign(['backfill'], aCrm());
    expect([code, out]).toEqual([0, '0 of 0 waiting deals were started.\n']);
  });

  it('tells what the CRM says of a deal that it cannot read, and goes on with the others', async () => {
    const { crm, deals, world, closed } = aCrm(wanted('D-1'), wanted('D-2'));
    world.mishaps.push({
      call: 'look',
      error: new CrmError('refused', 'The access token lacks the scope deals.read.'),
    });
    const { code, out } = await countersign(['backfill'], { crm, deals });
    expect(out).toMatch(/^D-1\tfailed: The access token lacks the scope deals\.read\.\nD-2\tstarted\n/);
    expect([code, closed()]).toEqual([1, true]);
  });

  it('stops when the CRM answers nothing of several in a row', async () => {
    const { crm, deals, world } = aCrm(...['D-1', 'D-2', 'D-3', 'D-4'].map((dealId) => wanted(dealId)));
    world.intake.look = () => Promise.reject(new CrmError('unavailable', 'no answer'));
    const { code, out } = await countersign(['backfill'], { crm, deals });
    expect(out.match(/failed: no answer/g)).toHaveLength(3);
    expect(out).toContain('0 of 4 waiting deals were started.\nStopped with 1 left: ');
    expect(code).toBe(1);
  });

  it('names the setting of the CRM that is wrong', async () => {
    const { code, err } = await countersign(['backfill']);
    expect([code, err]).toEqual([1, 'Failed: CRM: must be one of postgres, http\n']);
  });
});
