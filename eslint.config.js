import tseslint from 'typescript-eslint';

// Which room of src/ may import which (docs/architecture.md). A room is a folder; the processes at the top of src/ wire everything.
const ROOMS = [
  'deal',
  'workflows',
  'activities',
  'docusign',
  'signing',
  'crm',
  'documents',
  'files',
  'temporal',
  'tracing',
  'health',
  'gateway',
  'cli',
  'sandbox',
];
const MAY_IMPORT = {
  deal: [],
  workflows: ['deal'],
  activities: ['deal', 'docusign', 'signing', 'crm', 'documents'],
  docusign: ['deal', 'files'],
  signing: ['deal', 'docusign'],
  crm: ['deal', 'files'],
  documents: ['deal'],
  files: [],
  temporal: ['deal'],
  tracing: [],
  health: [],
  gateway: ['deal', 'temporal', 'signing', 'crm', 'health'],
  cli: ['deal', 'temporal', 'docusign', 'signing', 'gateway', 'documents', 'crm'],
  sandbox: [],
  stack: ['deal'],
};

/** Loaded when their CRM or store is opened, by `await import(...)`: who has another need not have them. */
const OPTIONAL = ['@aws-sdk/client-s3', '@hubspot/api-client', 'jsforce'].map((name) => ({
  regex: `^${name}(/|$)`,
  message: `${name} is optional: import it dynamically, or its types only.`,
  allowTypeImports: true,
}));

/** Bans every import that leaves `room` for a room it may not know; types of activities are open to workflows. */
function roomRule(room) {
  const closed = ROOMS.filter((other) => other !== room && !MAY_IMPORT[room].includes(other));
  const patterns = closed.map((other) => ({
    regex: `^(\\.\\./)+${other}(/|$)`,
    message: `src/${room} may not import src/${other}: see docs/architecture.md.`,
    allowTypeImports: room === 'workflows' && other === 'activities',
  }));
  patterns.push(...OPTIONAL);
  if (['deal', 'workflows', 'sandbox', 'crm', 'documents', 'docusign', 'files', 'signing'].includes(room)) {
    patterns.push({ regex: '^(\\.\\./)+config(\\.js)?$', message: `src/${room} takes its settings as arguments.` });
  }
  if (room === 'deal' || room === 'workflows') {
    patterns.push({
      regex: room === 'deal' ? '^[^.]' : '^(?!\\.|@temporalio/(workflow|common)$)',
      message: 'This code is bundled into the workflow sandbox: no packages, no Node built-ins.',
    });
  }
  return {
    files: [`src/${room}/**/*.{ts,tsx}`],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
  };
}

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'data/', 'bench/results/'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js', 'scripts/*.mjs'] } },
    },
    rules: {
      eqeqeq: 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/require-await': 'off',
    },
  },
  { files: ['**/*.js', '**/*.mjs'], extends: [tseslint.configs.disableTypeChecked] },
  ...ROOMS.map(roomRule),
  {
    files: ['cluster/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(\\.\\./)+src/(?!(stack|files|temporal)/)',
              message: 'cluster/ starts engines and knows no deals: see docs/architecture.md.',
            },
          ],
        },
      ],
    },
  },
);
