import type { ESignature } from './esignature.js';
import { Refusal } from './refusal.js';
import type { Switches } from './settings.js';
import type { StandInUser } from './world.js';

export function addUserRoutes({ context, account }: ESignature): void {
  context.app.get<{ Params: { userId: string } }>(
    '/restapi/v2.1/accounts/:accountId/users/:userId',
    async (request) => {
      const { accountId } = account(request);
      const detail = context.userDetails.of(accountId, request.params.userId);
      if (!detail) throw new Refusal(404, 'USER_NOT_FOUND', 'The user was not found.');
      return { ...detail, userSettings: withModifiedDate(detail['userSettings'], context.switches.modified_date) };
    },
  );
}

/** A user of the login, for whom nothing more is known. */
export function plainDetails(users: readonly StandInUser[], userId: string): Record<string, unknown> | null {
  const user = users.find((candidate) => candidate.userId.toLowerCase() === userId.toLowerCase());
  if (!user) return null;
  const [firstName = '', ...lastName] = user.name.split(' ');
  return {
    userName: user.name,
    userId: user.userId,
    userType: 'CompanyUser',
    isAdmin: String(user.isAdmin ?? false),
    isNAREnabled: 'false',
    userStatus: 'Active',
    uri: `/users/${user.userId}`,
    email: user.email,
    createdDateTime: '2020-01-01T00:00:00.0000000Z',
    firstName,
    lastName: lastName.join(' '),
    userSettings: { modifiedDate: '1/2/2026 3:04:05 PM', locale: 'en' },
    groupList: [{ groupId: '1', groupName: 'Everyone', groupType: 'everyoneGroup' }],
    permissionProfileId: '1',
    permissionProfileName: 'DocuSign Sender',
  };
}

/** The documented way to write it is `M/D/YYYY h:mm:ss AM/PM`, in a time zone that is not documented. */
function withModifiedDate(settings: unknown, how: Switches['modified_date']): unknown {
  if (how === 'us' || typeof settings !== 'object' || settings === null) return settings;
  const { modifiedDate, ...rest } = settings as Record<string, unknown>;
  const at = new Date(`${String(modifiedDate)} UTC`);
  const iso = Number.isNaN(at.getTime()) ? String(modifiedDate) : at.toISOString();
  switch (how) {
    case 'iso':
      return { ...rest, modifiedDate: iso };
    case 'offset':
      return { ...rest, modifiedDate: iso.replace('Z', '-08:00') };
    case 'garbage':
      return { ...rest, modifiedDate: 'yesterday' };
    case 'missing':
      return rest;
  }
}
