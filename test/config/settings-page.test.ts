import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DOCUSIGN_VARIABLES } from '../../src/config/docusign.js';
import { TRACING_VARIABLES } from '../../src/config/tracing.js';
import { VARIABLES } from '../../src/config/variables.js';
import { ROLES } from '../../src/config.js';
import { CRM_DRIVERS } from '../../src/crm/drivers.js';

const page = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8');

describe('the page of settings', () => {
  it.each(
    [
      ...Object.keys(VARIABLES),
      ...Object.keys(DOCUSIGN_VARIABLES),
      ...Object.keys(TRACING_VARIABLES),
      ...CRM_DRIVERS.flatMap(({ variables }) => Object.keys(variables)),
    ].filter((name) => name !== 'NODE_ENV' && name !== 'REDACT_PII'),
  )('tells of %s', (name) => {
    expect(page).toMatch(new RegExp(`^\\|[^|]*\\b${name}\\b`, 'm'));
  });

  it('tells of every role', () => {
    for (const role of ROLES) expect(page).toContain(`| \`${role}\``);
  });
});
