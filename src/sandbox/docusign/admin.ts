/** Admin: the users of an organization as it lists them, and what eSignature tells of each. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { isAdministrator, isOfCaller } from './monitor.js';
import { invalidParameter, Refusal } from './refusal.js';
import type { StandInContext } from './world.js';

/** What DocuSign leaves open about the list, by `POST /_sandbox/docusign/users/settings`. */
const listSwitches = z.strictObject({
  /** The largest `take`; larger ones are cut. */
  most: z.number().int().min(1).default(250),
  /** Whether a user that was changed at the very time of `last_modified_since` is listed. */
  boundary: z.enum(['inclusive', 'exclusive']).default('inclusive'),
  order: z.enum(['mixed', 'id', 'modified']).default('mixed'),
  /** What happens to the set once a page with a next one was answered, `times` times. */
  between_pages: z.enum(['nothing', 'touch-first', 'remove-first', 'add']).default('nothing'),
  times: z.number().int().min(0).default(0),
  /** Whether pages tell `total_set_size`. */
  total: z.boolean().default(true),
  /** Another host in `paging.next`, as a stranger would put it there. */
  next_host: z.url().nullable().default(null),
});

interface ListedUser {
  accountId: string;
  modifiedAt: number;
  admin: Record<string, unknown>;
  detail: Record<string, unknown>;
  /** What a call for the detail gets. */
  shows: 'detail' | 'nothing' | 'an odd answer';
}

type Query = Record<string, string | undefined>;

export function addAdmin(context: StandInContext): void {
  const { app, now, accounts } = context;
  const users = new Map<string, ListedUser>();
  const counts = { pages: 0, details: 0 };
  let switches = listSwitches.parse({});
  context.counts.set('users', () => ({ ...counts, users: users.size }));

  app.get<{ Params: { organizationId: string }; Querystring: Query }>(
    '/management/v2/organizations/:organizationId/users',
    async (request) => {
      const bearer = context.bearer(request);
      const { organizationId } = request.params;
      if (!bearer.scopes.includes('user_read'))
        throw new Refusal(403, 'access_denied', 'The scope user_read is missing.');
      if (!isAdministrator(context, bearer) || !isOfCaller(context, bearer, organizationId))
        throw new Refusal(403, 'access_denied', 'The user is no administrator of the organization.');
      counts.pages += 1;
      const { query } = request;
      const found = inOrder(matching(query));
      const start = numberOf(query.start, 0);
      const take = Math.min(numberOf(query.take, 20), switches.most);
      const shown = found.slice(start, start + take);
      const more = start + shown.length < found.length;
      const answer = {
        users: shown.map(({ admin }) => admin),
        paging: {
          result_set_size: shown.length,
          result_set_start_position: start,
          result_set_end_position: Math.max(start, start + shown.length - 1),
          ...(switches.total && { total_set_size: found.length }),
          ...(more && { next: linkTo(organizationId, { ...query, start: String(start + take), take: String(take) }) }),
          ...(start > 0 && {
            previous: linkTo(organizationId, {
              ...query,
              start: String(Math.max(0, start - take)),
              take: String(take),
            }),
          }),
        },
      };
      if (more && switches.times > 0) {
        switches = { ...switches, times: switches.times - 1 };
        happenBetweenPages(shown[0]);
      }
      return answer;
    },
  );

  function matching(query: Query): ListedUser[] {
    const { account_id, organization_reserved_domain_id, email, last_modified_since } = query;
    if (!account_id && !organization_reserved_domain_id && !email)
      throw new Refusal(400, 'invalid_request', 'One of account_id, organization_reserved_domain_id, email is needed.');
    if (last_modified_since && !account_id && !organization_reserved_domain_id)
      throw new Refusal(
        400,
        'invalid_request',
        'last_modified_since needs account_id or organization_reserved_domain_id.',
      );
    const since = last_modified_since ? Date.parse(last_modified_since) : -Infinity;
    if (Number.isNaN(since)) throw new Refusal(400, 'invalid_request', 'last_modified_since is no time.');
    return [...users.values()].filter(
      (user) =>
        (!account_id || user.accountId === account_id) &&
        (!email || user.admin.email === email) &&
        (switches.boundary === 'inclusive' ? user.modifiedAt >= since : user.modifiedAt > since),
    );
  }

  function inOrder(found: ListedUser[]): ListedUser[] {
    const id = ({ admin }: ListedUser): string => String(admin.id);
    if (switches.order === 'modified') return found.sort((one, other) => one.modifiedAt - other.modifiedAt);
    if (switches.order === 'id') return found.sort((one, other) => (id(one) < id(other) ? -1 : 1));
    const mixed = (user: ListedUser): string => [...id(user)].reverse().join('');
    return found.sort((one, other) => (mixed(one) < mixed(other) ? -1 : 1));
  }

  function linkTo(organizationId: string, query: Query): string {
    const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const base = switches.next_host ?? context.url();
    return `${base}/management/v2/organizations/${organizationId}/users?${new URLSearchParams(given).toString()}`;
  }

  function happenBetweenPages(first: ListedUser | undefined): void {
    if (switches.between_pages === 'touch-first' && first) first.modifiedAt = now();
    if (switches.between_pages === 'remove-first' && first) users.delete(String(first.admin.id));
    if (switches.between_pages === 'add') add({});
  }

  const before = context.userDetails.of;
  context.userDetails.of = (accountId, userId) => {
    const user = users.get(userId);
    if (!user || user.accountId !== accountId) return before(accountId, userId);
    counts.details += 1;
    if (user.shows === 'nothing') return null;
    if (user.shows === 'an odd answer') throw new Refusal(400, 'USER_NOT_FOUND', 'The user was not found.');
    return user.detail;
  };

  function add(given: Partial<z.output<typeof oneUser>>): ListedUser {
    const id = given.id ?? randomUUID();
    const name = given.name ?? `User ${users.size + 1}`;
    const modifiedAt = given.modified_at ? Date.parse(given.modified_at) : now();
    const [first = '', ...last] = name.split(' ');
    const email = `${id.slice(0, 8)}@example.com`;
    const user: ListedUser = {
      accountId: given.account_id ?? accounts[0]?.accountId ?? '',
      modifiedAt,
      shows: given.shows ?? 'detail',
      admin: {
        id,
        user_name: name,
        first_name: first,
        last_name: last.join(' '),
        user_status: 'active',
        membership_status: 'active',
        email,
        created_on: '2020-01-02T03:04:05.000Z',
        membership_id: randomUUID(),
        membership_created_on: '2020-01-02T03:04:05.000Z',
        ...given.admin,
      },
      detail: {
        userName: name,
        userId: id,
        firstName: first,
        lastName: last.join(' '),
        email,
        userStatus: 'Active',
        userType: 'CompanyUser',
        isAdmin: 'False',
        isNAREnabled: 'false',
        groupList: [{ groupId: '1', groupName: 'Everyone', groupType: 'everyoneGroup' }],
        permissionProfileId: '1',
        permissionProfileName: 'DocuSign Sender',
        createdDateTime: '2020-01-02T03:04:05.0000000Z',
        workAddress: { city: 'Example', country: 'XX' },
        uri: `/users/${id}`,
        userSettings: { modifiedDate: american(modifiedAt), locale: 'en' },
        ...given.detail,
      },
    };
    users.set(id, user);
    return user;
  }

  const control = '/_sandbox/docusign/users';
  app.get(control, async () => ({ ...counts, settings: switches, users: [...users.values()] }));
  app.post(`${control}/settings`, async (request) => {
    switches = parsed(listSwitches, { ...switches, ...(request.body as object) });
    return switches;
  });
  /** `{count}` more users, or `{users}`. */
  app.post(control, async (request, reply) => {
    const { count, users: given } = parsed(addition, request.body);
    const added = [...given.map(add), ...Array.from({ length: count }, () => add({}))];
    return reply.code(201).send({ users: added.map(({ admin }) => admin) });
  });
  /** Changes a user, which is then modified now. */
  app.post<{ Params: { id: string } }>(`${control}/:id`, async (request) => {
    const user = users.get(request.params.id);
    if (!user) throw new Refusal(404, 'USER_NOT_FOUND');
    const given = parsed(oneUser.partial(), request.body ?? {});
    user.modifiedAt = given.modified_at ? Date.parse(given.modified_at) : now();
    user.shows = given.shows ?? user.shows;
    Object.assign(user.admin, given.admin);
    Object.assign(user.detail, { userSettings: { modifiedDate: american(user.modifiedAt) } }, given.detail);
    return user.admin;
  });
  app.delete<{ Params: { id: string } }>(`${control}/:id`, async (request) => ({
    deleted: users.delete(request.params.id),
  }));
}

const record = z.record(z.string(), z.unknown());
const oneUser = z.strictObject({
  id: z.string().optional(),
  name: z.string().optional(),
  account_id: z.string().optional(),
  modified_at: z.iso.datetime().optional(),
  shows: z.enum(['detail', 'nothing', 'an odd answer']).optional(),
  /** Over what the list shows, and over the detail. */
  admin: record.optional(),
  detail: record.optional(),
});
const addition = z.strictObject({
  count: z.number().int().min(0).max(20_000).default(0),
  users: z.array(oneUser).default([]),
});

function parsed<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalidParameter(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is not valid'}`);
}

function numberOf(text: string | undefined, otherwise: number): number {
  const number = Number(text ?? otherwise);
  if (!Number.isInteger(number) || number < 0) throw new Refusal(400, 'invalid_request', 'start and take are numbers.');
  return number;
}

/** `6/30/2024 7:08:06 PM`. */
function american(time: number): string {
  const at = new Date(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = at.getUTCHours();
  const clock = `${hours % 12 || 12}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} ${hours < 12 ? 'AM' : 'PM'}`;
  return `${at.getUTCMonth() + 1}/${at.getUTCDate()}/${at.getUTCFullYear()} ${clock}`;
}
