import type { CrmDriver } from './driver.js';
import { httpDriver } from './http-driver.js';
import { hubspotDriver } from './hubspot/driver.js';
import { postgresDriver } from './postgres-driver.js';
import { salesforceDriver } from './salesforce/driver.js';

/** Every CRM that Countersign knows, by the value of `CRM`. docs/adding-a-crm.md shows how to add one. */
export const CRM_DRIVERS: readonly CrmDriver[] = [postgresDriver, httpDriver, salesforceDriver, hubspotDriver];
