import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { BUNDLE } from '../support/global-setup.js';

describe('the workflow bundle', () => {
  it('holds no zod and stays small: every cached deal carries it', async () => {
    const code = await readFile(BUNDLE, 'utf8');
    expect(code).not.toContain('node_modules/zod');
    expect(code).toContain('signDeal');
    expect(code.length).toBeLessThan(2_100_000);
  });
});
