/** What a CRM driver brings: its settings, its two ports, and how it is looked at from outside. `drivers.ts` lists them all. */
import type { z } from 'zod';
import type { Setting } from '../config/environment.js';
import type { Crm } from './crm.js';
import type { CrmIntake, CrmNotifications } from './intake.js';

export interface CrmDriver {
  /** The value of `CRM` that chooses it. */
  readonly name: string;
  /**
   * The variables it reads. Each schema carries `.meta({ example })`, for the line that says it is set wrongly, and `secret: true` where it
   * may also come from the file that `NAME_FILE` names.
   */
  readonly variables: Readonly<Record<string, z.ZodType>>;
  /** For worker, set-up and commands. */
  configure(read: SettingsReader): Setting<ConfiguredCrm>;
  /** For the gateway, where the CRM sends notifications of its own. */
  listen?(read: SettingsReader): Setting<CrmNotifications>;
}

/** How a driver gets at its settings. Every problem is one line that names its variable, says what is wrong and gives an example. */
export interface SettingsReader {
  variables<Shape extends Record<string, z.ZodType>>(shape: Shape): Setting<z.output<z.ZodObject<Shape>>>;
  /** The JSON file that `CRM_MAPPING` names. */
  mapping<Schema extends z.ZodType>(schema: Schema): Setting<z.output<Schema>>;
}

export interface ConfiguredCrm {
  readonly name: string;
  /** Connects as far as that takes no call; `close` of the `Crm` gives back what both hold. Throws `CrmError`. */
  open(): Promise<OpenCrm>;
  /** Says what was found, and throws `CrmError` where a worker could not write; makes and changes nothing. */
  examine(): Promise<string>;
  /** What to do when `examine` throws. */
  readonly remedy: string;
  /** Makes ready what deals need there and says what was done; safe to repeat. Left out where there is nothing to do. */
  prepare?(): Promise<string>;
}

export interface OpenCrm {
  crm: Crm;
  intake: CrmIntake;
}

/** A look from outside by way of the driver's own check. */
export async function checked(open: () => Promise<OpenCrm>): Promise<void> {
  const { crm } = await open();
  try {
    await crm.check();
  } finally {
    await crm.close();
  }
}
