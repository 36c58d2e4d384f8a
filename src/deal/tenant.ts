/** Whose deal it is, where one Countersign serves several customers: the id of a connected account at Atlas, never anything personal. */

const TENANT = /^[A-Za-z0-9._-]{1,64}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** It shows in lists, logs of Temporal and its UI, and goes into a header and a query. */
export function isTenant(value: string): boolean {
  return TENANT.test(value) && !value.startsWith('ext_');
}

/** What `Atlas-Account` says of the tenant: the organisation's own UUID, or the platform's name of it behind `ext_` (Atlas notes 16). */
export function atlasAccountOf(tenant: string): string {
  return UUID.test(tenant) ? tenant : `ext_${tenant}`;
}
