/** What every CRM must tell of its deals, whatever is behind it. */
import { describe, expect, it } from 'vitest';
import type { OpenCrm } from '../../src/crm/driver.js';
import { aRecord } from './contract.js';

/** A CRM as its people work in it. */
export interface IntakeUnderTest extends OpenCrm {
  /** Enters a deal of the type order-form that wants a contract, with all that it takes; answers its id. */
  enter: () => Promise<string>;
  /** Takes a deal back that wants a contract. */
  withdraw?: (dealId: string) => Promise<void>;
  /** Asks for a further round of a deal. */
  again?: (dealId: string, round: number) => Promise<void>;
  /** What people see there of why the deal gets no contract. */
  told: (dealId: string) => Promise<string | null>;
  /** An id that a deal there could have, and none has. */
  unknown: string;
}

export function keepsTheIntakeContract(underTest: () => IntakeUnderTest): void {
  describe('as every CRM that deals come from', () => {
    /** As a run writes it whose document type moves no stage of the CRM's. */
    const record = (dealId: string, round = 1) => {
      const { crmStage: _, ...written } = aRecord({ dealId, round });
      return underTest().crm.record(written, `${dealId}/${round}/v1`);
    };

    async function waiting(): Promise<string[]> {
      const found: string[] = [];
      for (let cursor: string | undefined; ;) {
        const { dealIds, next } = await underTest().intake.wanting(cursor);
        found.push(...dealIds);
        if (next === null) return found;
        cursor = next;
      }
    }

    it('tells of a deal that wants a contract: of which type, from what, and who signs', async () => {
      const dealId = await underTest().enter();
      const deal = await underTest().intake.look(dealId);
      expect(deal).toMatchObject({ kind: 'wanted', recorded: false, request: { dealId, documentType: 'order-form' } });
      const { request } = deal as Extract<typeof deal, { kind: 'wanted' }>;
      expect(request.document?.uri).toMatch(/^(file|https|s3):./);
      expect(request.parties?.every(({ email }) => email.includes('@'))).toBe(true);
      expect(request.parties?.length).toBeGreaterThan(0);
    });

    it('lists it among those that wait, once, until a run has recorded it', async () => {
      const [first, second] = [await underTest().enter(), await underTest().enter()];
      const before = await waiting();
      expect(before.filter((dealId) => [first, second].includes(dealId)).sort()).toEqual([first, second].sort());
      await record(first);
      expect(await waiting()).not.toContain(first);
      expect(await waiting()).toContain(second);
      expect(await underTest().intake.look(first)).toMatchObject({ kind: 'wanted', recorded: true });
    });

    it('wants it again in the next round, which a person has set', async ({ skip }) => {
      const { again } = underTest();
      if (!again) skip('this CRM knows no rounds, or none can be set from here');
      const dealId = await underTest().enter();
      await record(dealId);
      await again?.(dealId, 2);
      expect(await underTest().intake.look(dealId)).toMatchObject({ recorded: false, request: { round: 2 } });
      expect(await waiting()).toContain(dealId);
      await record(dealId, 2);
      expect(await waiting()).not.toContain(dealId);
    });

    it('keeps for its people why a deal gets no contract, until it gets one', async () => {
      const dealId = await underTest().enter();
      const { intake, told } = underTest();
      await intake.explain(dealId, 'parties: is missing');
      await intake.explain(dealId, 'parties: is missing');
      expect(await told(dealId)).toBe('parties: is missing');
      await intake.explain(dealId, 'document: is missing');
      expect(await told(dealId)).toBe('document: is missing');
      await record(dealId);
      expect((await told(dealId)) ?? '').toBe('');
    });

    it('tells of a deal that was taken back, and why', async ({ skip }) => {
      const { withdraw } = underTest();
      if (!withdraw) skip('no deal can be taken back from here');
      const dealId = await underTest().enter();
      await withdraw?.(dealId);
      const deal = await underTest().intake.look(dealId);
      expect(deal).toMatchObject({ kind: 'withdrawn', why: expect.stringMatching(/\w/) as unknown });
      expect(await waiting()).not.toContain(dealId);
    });

    it('has nothing to say of a deal that was never there', async () => {
      expect(await underTest().intake.look(underTest().unknown)).toEqual({ kind: 'other' });
    });
  });
}
