#!/usr/bin/env node
/** The command line: one file a command. */
import './production.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { installationFolder } from '../common/installation.js';
import { chatCommand } from './chat.js';
import { doctorCommand } from './doctor.js';
import { reportFailure } from './failure.js';
import { keyCommand } from './key.js';
import { pretrainCommand } from './pretrain.js';
import { startCommand } from './start.js';

const { version, description } = JSON.parse(readFileSync(join(installationFolder(), 'package.json'), 'utf8'));

const program = new Command('palate')
  .description(description)
  .version(version)
  .addCommand(startCommand())
  .addCommand(chatCommand())
  .addCommand(keyCommand())
  .addCommand(doctorCommand())
  .addCommand(pretrainCommand());

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error);
}
