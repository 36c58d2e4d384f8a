/** The commands on deals over deals on paper, at a terminal on paper. */
import { SettingsError } from '../../../src/config.js';
import type { ConfiguredCrm } from '../../../src/crm/driver.js';
import { createProgram, run } from '../../../src/cli/program.js';
import { addDealCommands } from '../../../src/cli/deals/commands.js';
import type { OpenWay, WayOptions } from '../../../src/cli/deals/way.js';
import type { Terminal } from '../../../src/cli/terminal.js';
import { createDesk, type SignLinks } from '../../../src/gateway/desk.js';
import type { DealLine } from '../../../src/gateway/deal-list.js';
import { paperDeals, POLICIES, SIGN_LINK, aReading, type PaperDeals } from '../../gateway/a-gateway.js';
import { aDealLine } from '../../support/deal-lines.js';

export interface Ran {
  code: number | undefined;
  out: string;
  err: string;
  deals: PaperDeals;
  /** How the way to the deals was asked for; empty when the command did not come so far. */
  opened: WayOptions[];
}

export interface Surroundings {
  deals?: PaperDeals;
  open?: OpenWay;
  stdin?: string;
  /** A terminal of this width, with this answer to what it asks. */
  columns?: number;
  typed?: string;
  /** What is drawn on the screen. */
  drawn?: string[];
  signal?: AbortSignal;
  identity?: string;
  crm?: () => ConfiguredCrm;
}

export async function countersign(args: string[], around: Surroundings = {}): Promise<Ran> {
  const deals = around.deals ?? paperDeals();
  const ran: Ran = { code: undefined, out: '', err: '', deals, opened: [] };
  const shown = around.columns !== undefined;
  const terminal: Terminal = {
    out: (text) => void (ran.out += text),
    err: (text) => void (ran.err += text),
    exitCode: (code) => void (ran.code = code),
    columns: around.columns ?? null,
    screen: { isTTY: shown, columns: around.columns ?? 80, write: (text) => around.drawn?.push(text) },
    input: async () => around.stdin ?? '',
    ask: async (question) => {
      ran.err += question;
      return shown ? (around.typed ?? '') : null;
    },
    interruption: () => ({ signal: around.signal ?? new AbortController().signal, release: () => undefined }),
  };
  const provider: SignLinks = {
    signLink: async () => SIGN_LINK,
    reviewLink: async () => null,
    readEnvelope: async () => aReading(),
    forTenant: () => provider,
  };
  const open: OpenWay = async (options) => {
    ran.opened.push(options);
    const caller = { role: 'operator', name: options.as ?? 'olaf', named: false } as const;
    const desk = createDesk({ deals, signing: { atlas: provider }, policies: POLICIES }, caller);
    return { desk, identity: around.identity ?? 'paper', close: async () => undefined };
  };
  const program = createProgram().configureOutput({ writeOut: terminal.out, writeErr: terminal.err });
  const noCrm = (): never => {
    throw new SettingsError(['CRM: must be one of postgres, http']);
  };
  addDealCommands(program, { open: around.open ?? open, terminal }, around.crm ?? noCrm);
  await run(program, ['node', 'countersign', 'deals', ...args], terminal);
  return ran;
}

export const aLine = (over: Partial<DealLine> = {}): DealLine => aDealLine({ dealId: 'D-1', ...over });
