import { describe, expect, it } from 'vitest';
import { compare } from '../../soak/compare.js';
import { countFindings, exitCodeOf } from '../../soak/report.js';
import type { DealFacts, World } from '../../soak/world.js';
import { anEnvelope, aSnapshot, aWorld, entry } from './a-world.js';

/** What is found once the world is spoilt. */
function found(spoil: (world: World) => void): {
  exit: number;
  duplicates: number;
  mismatches: number;
  stranded: number;
  said: string;
} {
  const world = aWorld();
  spoil(world);
  const findings = compare(world);
  const counts = countFindings(findings);
  const said = findings.map(({ dealId, what }) => `${dealId ?? 'overall'}: ${what}`).join('\n');
  return { exit: exitCodeOf(counts), said, ...counts };
}

function deal(world: World, dealId: string): DealFacts {
  const one = world.deals.find((candidate) => candidate.dealId === dealId);
  if (one === undefined) throw new Error(`no deal ${dealId}`);
  return one;
}

function snapshotOf(world: World, dealId: string) {
  const { snapshot } = deal(world, dealId);
  if (snapshot === null) throw new Error(`no snapshot of ${dealId}`);
  return snapshot;
}

function envelope(world: World, id: string) {
  const one = world.envelopes.find((candidate) => candidate.id === id);
  if (one === undefined) throw new Error(`no envelope ${id}`);
  return one;
}

it('finds nothing where everybody agrees', () => {
  expect(found(() => undefined)).toEqual({ exit: 0, stranded: 0, duplicates: 0, mismatches: 0, said: '' });
});

describe('a stranded deal', () => {
  it('is counted, with its stage, what blocks it and what its run tries', () => {
    const { exit, stranded, said } = found((world) => {
      const blocked = { reason: 'crm-refused', since: '', hint: '', detail: 'no' } as const;
      const snapshot = aSnapshot('good', { stage: 'filing', blocked });
      Object.assign(deal(world, 'good'), {
        end: null,
        snapshot,
        run: { status: 'RUNNING', result: null, stuckAt: ['attach failed 7 times'] },
      });
    });
    expect({ exit, stranded }).toEqual({ exit: 1, stranded: 1 });
    expect(said).toMatch(/good: happy: last seen filing .*crm-refused \(no\).*RUNNING, attach failed 7 times/);
  });

  it('is counted when the gateway never showed it', () => {
    expect(
      found((world) => Object.assign(deal(world, 'good'), { end: null, snapshot: null, run: null })),
    ).toMatchObject({
      exit: 1,
      stranded: 1,
    });
  });
});

describe('duplicates', () => {
  const duplicates: [string, (world: World) => void, RegExp][] = [
    [
      'a second envelope of a revision that was sent',
      (world) => {
        world.envelopes.push(anEnvelope('good', { id: 'twin', status: 'voided' }));
        world.atlas.duplicates.externalIds = 1;
      },
      /good: 2 envelopes of deal-good\/r1 were sent/,
    ],
    [
      'two live envelopes of a revision',
      (world) => {
        for (const id of ['a', 'b'])
          world.envelopes.push(anEnvelope('lost', { id, status: 'draft', sentAt: null, calls: [] }));
        world.atlas.duplicates.externalIds = 1;
      },
      /lost: 2 envelopes of deal-lost\/r1 are alive/,
    ],
    [
      'an envelope sent by two calls',
      (world) => {
        const { calls } = envelope(world, 'env-good');
        calls.push(...calls);
        world.atlas.duplicates.sends = 1;
      },
      /good: envelope env-good was sent by 2 calls/,
    ],
    [
      'two signed envelopes of a deal',
      (world) => world.envelopes.push(anEnvelope('good', { id: 'other', metadata: { external_id: 'deal-good/r2' } })),
      /good: 2 envelopes of the deal are signed/,
    ],
    [
      'a second attachment in the CRM',
      (world) => {
        const { attachments } = deal(world, 'good').crm;
        attachments.push(...attachments);
      },
      /good: 2 PDFs are attached/,
    ],
    [
      'a deal that was started twice',
      (world) => void (deal(world, 'good').starts = 2),
      /good: the deal was started 2 times/,
    ],
    [
      'a credit that no send explains',
      (world) => void (world.atlas.spent = 3),
      /overall: 3 credits were spent on 2 sends/,
    ],
    [
      'what Atlas counts and nobody saw',
      (world) => void (world.atlas.duplicates.sends = 1),
      /overall: Atlas counts 1 envelopes sent twice/,
    ],
  ];

  it.each(duplicates)('count %s', (_, spoil, words) => {
    const { exit, duplicates: count, said } = found(spoil);
    expect(count).toBeGreaterThan(0);
    expect(exit).toBe(1);
    expect(said).toMatch(words);
  });

  it('leave out an answer that was replayed, and an envelope that another one of the deal replaced', () => {
    const { duplicates: count } = found((world) => {
      const { calls } = envelope(world, 'env-good');
      calls.push(...calls.map((call) => ({ ...call, replayed: true })));
      world.envelopes.push(
        anEnvelope('good', { id: 'first', status: 'voided', metadata: { external_id: 'deal-good/r2' } }),
      );
      world.atlas.spent = 3;
    });
    expect(count).toBe(0);
  });
});

describe('mismatches', () => {
  const mismatches: [string, (world: World) => void, RegExp][] = [
    [
      'an orphan: a live envelope of a deal that has ended',
      (world) => world.envelopes.push(anEnvelope('lost', { id: 'orphan', status: 'draft', sentAt: null, calls: [] })),
      /lost: orphan: the deal has ended cancelled, envelope orphan is still draft/,
    ],
    [
      'an envelope of no deal',
      (world) => world.envelopes.push(anEnvelope('nobody', { sentAt: null, status: 'voided', calls: [] })),
      /env-nobody belongs to no deal/,
    ],
    [
      'an end that the path does not allow',
      (world) => Object.assign(deal(world, 'lost').path, { ends: ['completed'] }),
      /lost: ended cancelled, which its path does not allow/,
    ],
    [
      'an end that changed',
      (world) => void (deal(world, 'lost').end = 'expired'),
      /lost: was seen expired and says now that it is cancelled/,
    ],
    [
      'a deal that cannot be read any more',
      (world) => void (deal(world, 'good').snapshot = null),
      /good: was seen completed and cannot be read any more/,
    ],
    [
      'a run that failed',
      (world) => Object.assign(deal(world, 'good'), { run: { status: 'FAILED', result: null, stuckAt: [] } }),
      /good: its run in Temporal is FAILED/,
    ],
    [
      'a result unlike the snapshot',
      (world) => Object.assign(deal(world, 'good').run?.result ?? {}, { outcome: 'declined' }),
      /good: the result is declined/,
    ],
    [
      'two ends on the timeline',
      (world) => void snapshotOf(world, 'good').timeline.push(entry('stage: cancelled')),
      /good: its timeline tells of 2 ends/,
    ],
    [
      'a timeline without what the path leaves there',
      (world) => Object.assign(deal(world, 'good').path, { tells: /reminded/ }),
      /good: nothing on its timeline says \/reminded\//,
    ],
    [
      'a completed deal whose envelope is not signed',
      (world) => void (envelope(world, 'env-good').status = 'pending'),
      /good: the deal is completed, its envelope is pending/,
    ],
    [
      'a cancelled deal whose envelope is signed',
      (world) => void (envelope(world, 'env-lost').status = 'signed'),
      /lost: the deal is cancelled, but envelope env-lost is signed/,
    ],
    [
      'an envelope that Atlas does not have',
      (world) => void world.envelopes.shift(),
      /good: its envelope env-good is not at Atlas/,
    ],
    [
      'a credit that the deal does not count',
      (world) => void (snapshotOf(world, 'good').credits.spent = 0),
      /good: the deal counts 0 credits spent, Atlas 1/,
    ],
    [
      'a refund that the deal does not count',
      (world) => void (snapshotOf(world, 'lost').credits.refunded = 0),
      /lost: the deal counts 0 credits refunded, Atlas 1/,
    ],
    [
      'a refund that no envelope explains',
      (world) => void (world.atlas.refunded = 2),
      /2 credits came back for 1 envelopes/,
    ],
    [
      'a stage that the CRM has not heard of',
      (world) => Object.assign(deal(world, 'lost').crm.record ?? {}, { stage: 'in-review', outcome: null }),
      /lost: the deal is cancelled, the CRM says in-review/,
    ],
    [
      'another envelope in the CRM',
      (world) => Object.assign(deal(world, 'good').crm.record ?? {}, { envelopeId: 'other' }),
      /good: the CRM has another envelope/,
    ],
    [
      'a deal that the CRM never heard of',
      (world) => void (deal(world, 'good').crm.record = null),
      /good: the CRM knows nothing of it/,
    ],
    ['a missing attachment', (world) => void (deal(world, 'good').crm.attachments = []), /good: no PDF is attached/],
    [
      'an attachment that is not the filed PDF',
      (world) => Object.assign(deal(world, 'good').crm.attachments[0] ?? {}, { sha256: 'b' }),
      /good: the PDF in the CRM is not the filed one/,
    ],
    [
      'an attachment whose bytes are damaged',
      (world) => Object.assign(deal(world, 'good').crm.attachments[0] ?? {}, { whole: false }),
      /good: the PDF in the CRM is not the filed one/,
    ],
    [
      'an attachment of another envelope',
      (world) => Object.assign(deal(world, 'good').crm.attachments[0] ?? {}, { envelopeId: 'other' }),
      /good: the PDF in the CRM is of another envelope/,
    ],
    [
      'a signer of a completed deal who is shown as waiting',
      (world) => void (snapshotOf(world, 'good').parties = [{ role: 'Customer', order: 1, status: 'pending' }]),
      /good: the deal is completed, but Customer is shown as pending/,
    ],
    [
      'a CRM that does not know when it was signed',
      (world) => Object.assign(deal(world, 'good').crm.record ?? {}, { signedAt: null }),
      /good: the CRM does not know when it was signed/,
    ],
    [
      'a CRM that does not know why a deal ended',
      (world) => Object.assign(deal(world, 'lost').crm.record ?? {}, { reason: null }),
      /lost: the CRM does not know why it is cancelled/,
    ],
    [
      'a missing note',
      (world) => Object.assign(deal(world, 'good').path, { notes: /overdue/ }),
      /good: no note in the CRM says \/overdue\//,
    ],
    [
      'a PDF that was not filed',
      (world) => void (world.filed = []),
      /good: its signed PDF is not in the document store/,
    ],
    [
      'a certificate that has changed',
      (world) => Object.assign(world.filed[1] ?? {}, { sha256: 'b' }),
      /good: the certificate is not in the document store as the deal says/,
    ],
    [
      'a certificate that was not filed',
      ({ deals, filed }) => {
        filed.pop();
        Object.assign(deals[0]?.snapshot?.signedPdf ?? {}, { certificate: null });
      },
      /good: no certificate lies beside the signed PDF/,
    ],
    [
      'a filed PDF that cannot be opened',
      (world) => Object.assign(world.filed[0] ?? {}, { text: null }),
      /good: the filed PDF cannot be opened/,
    ],
    [
      'a filed PDF of another envelope',
      (world) => Object.assign(world.filed[0] ?? {}, { text: 'Envelope env-other' }),
      /good: the filed PDF is of another envelope/,
    ],
    [
      'a filed PDF that has changed',
      (world) => Object.assign(world.filed[0] ?? {}, { sha256: 'b' }),
      /good: the filed PDF has another sha256/,
    ],
    [
      'a PDF that is filed for no completed deal',
      (world) => void world.filed.push({ uri: 'file:///filed/x.pdf', sha256: 'c', text: '' }),
      /x\.pdf is filed for no completed deal/,
    ],
    [
      'an API key that went to the bucket',
      (world) => void (world.atlas.bucketAuthorizationLeaks = 1),
      /the API key went to the bucket/,
    ],
    [
      'an answer that nobody should get',
      (world) => void world.complaints.push('POST /deals was answered with 500'),
      /answered with 500/,
    ],
  ];

  it.each(mismatches)('count %s', (_, spoil, words) => {
    const { exit, mismatches: count, said } = found(spoil);
    expect(count).toBeGreaterThan(0);
    expect(exit).toBe(1);
    expect(said).toMatch(words);
  });

  it('leave a CRM out that has deleted the deal', () => {
    const { mismatches: count } = found((world) => {
      Object.assign(deal(world, 'good').crm, { gone: true, attachments: [] });
      Object.assign(deal(world, 'good').crm.record ?? {}, { stage: 'out-for-signature', outcome: null });
    });
    expect(count).toBe(0);
  });
});

describe('a send without an approval', () => {
  it('is a mismatch', () => {
    const { exit, said } = found((world) => void (snapshotOf(world, 'good').timeline = [entry('stage: completed')]));
    expect(exit).toBe(1);
    expect(said).toBe('good: envelope env-good was sent without an approval');
  });

  it('is not excused by the approval of an earlier revision', () => {
    const { said } = found((world) => {
      Object.assign(envelope(world, 'env-good').metadata, { external_id: 'deal-good/r2' });
      snapshotOf(world, 'good').revision = 2;
      snapshotOf(world, 'good').timeline = [
        entry('approved', 'reviewer'),
        entry('revision 2 begins: other prices'),
        entry('stage: completed'),
      ];
    });
    expect(said).toBe('good: envelope env-good was sent without an approval');
  });

  it('is none when a person sent it at Atlas', () => {
    const { exit } = found((world) => {
      envelope(world, 'env-good').calls = [];
      snapshotOf(world, 'good').timeline = [
        entry('sent from the provider’s review page', 'provider'),
        entry('stage: completed'),
      ];
    });
    expect(exit).toBe(0);
  });

  it('is seen too when a template was sent at once', () => {
    const { said } = found((world) => {
      Object.assign(envelope(world, 'env-good'), { autoSend: true, calls: [] });
      snapshotOf(world, 'good').timeline = [entry('stage: completed')];
    });
    expect(said).toBe('good: envelope env-good was sent without an approval');
  });

  const approvedBy = (by: string, at: string) => [entry('approved by policy', by, at), entry('stage: completed')];

  it('is what trust amounts to before any person has approved a contract of the template', () => {
    const { said } = found(
      (world) => void (snapshotOf(world, 'good').timeline = approvedBy('policy', '2026-01-05T09:00:00.000Z')),
    );
    expect(said).toBe('good: trusted before any person had approved a contract of its template');
  });

  it('is none after a person has approved one', () => {
    const { exit } = found(
      (world) => void (snapshotOf(world, 'good').timeline = approvedBy('policy', '2026-01-05T11:00:00.000Z')),
    );
    expect(exit).toBe(0);
  });
});
