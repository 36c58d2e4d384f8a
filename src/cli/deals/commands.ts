/** `countersign deals …` */
import type { Command } from 'commander';
import type { ConfiguredCrm } from '../../crm/driver.js';
import { addBackfill } from './backfill.js';
import { addBulk } from './bulk-command.js';
import type { DealsWorld } from './command.js';
import { addList } from './list.js';
import { addShow } from './show.js';
import { addStart } from './start.js';
import { addMessages } from './tell.js';
import { addWatch } from './watch-command.js';

export function addDealCommands(program: Command, world: DealsWorld, crm: () => ConfiguredCrm): void {
  const deals = program
    .command('deals')
    .description('start deals, look at them and steer them, by the gateway (COUNTERSIGN_URL) or straight at Temporal');
  addStart(deals, world);
  addList(deals, world);
  addShow(deals, world);
  addWatch(deals, world);
  addMessages(deals, world);
  addBulk(deals, world);
  addBackfill(deals, world, crm);
}
