import type { NewParty } from './gateway-client.js';

const party = (name: string, domain: string, role: string, order: number): NewParty => ({
  name,
  role,
  order,
  email: `${name.split(' ')[0]?.toLowerCase() ?? ''}@${domain}.example`,
});

export const ONE_SIGNER: NewParty[] = [party('Ada Customer', 'customer', 'Customer', 1)];

export const SIGNERS: NewParty[] = [...ONE_SIGNER, party('Bob Company', 'company', 'Company', 2)];

export const THREE_AND_A_COPY: NewParty[] = [
  ...SIGNERS,
  party('Walt Witness', 'notary', 'Witness', 3),
  { ...party('Cora Copy', 'company', 'Archive', 4), role_type: 'cc' },
];
