import type { StandInAccount, StandInUser } from './world.js';

const ORGANIZATION = '0b5c1d0e-7a3f-4f1b-9c2d-8e6f5a4b3c01';

export const DEFAULT_ACCOUNTS: StandInAccount[] = [
  { accountId: '5d1f7c2a-3b64-4c8e-a1d9-2f7e6b5c4a01', name: 'Main', organizationId: ORGANIZATION, site: '' },
  { accountId: '6e2a8d3b-4c75-4d9f-b2ea-3a8f7c6d5b02', name: 'Second', organizationId: ORGANIZATION, site: 'site-eu' },
];

export const DEFAULT_USERS: StandInUser[] = [
  {
    userId: '7f3b9e4c-5d86-4ea0-83fb-4b907d7e6c03',
    name: 'Sender Example',
    email: 'sender@example.com',
    accountIds: DEFAULT_ACCOUNTS.map(({ accountId }) => accountId),
    isAdmin: true,
  },
];
