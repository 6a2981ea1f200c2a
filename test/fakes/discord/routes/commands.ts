/** Application commands, global and of a guild: read, replaced as a whole, made, changed, deleted. */
import { snowflake } from '../snowflake.js';
import { API_ERRORS, ApiError, type Wire } from '../types.js';
import type { World } from '../world.js';
import type { Route } from './route.js';

const NAME = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u;
const COMMANDS = 100;
const OPTIONS = 25;

export const COMMAND_ROUTES: readonly Route[] = ['', '/guilds/:guild'].flatMap((scope): Route[] => {
  const path = `/applications/:application${scope}/commands`;
  return [
    { method: 'GET', path, handle: ({ world, params }) => own(world, params) },
    {
      method: 'PUT',
      path,
      handle: ({ world, params, list }) => {
        if (list.length > COMMANDS)
          throw new ApiError(400, 30032, 'Maximum number of application commands reached (100)');
        const commands = list.map((command) => registered(world, params, command));
        world.commands.set(params.guild ?? '', commands);
        return commands;
      },
    },
    {
      method: 'POST',
      path,
      handle: ({ world, params, body }) => {
        const command = registered(world, params, body);
        const others = own(world, params).filter(({ name }) => name !== command.name);
        world.commands.set(params.guild ?? '', [...others, command]);
        return command;
      },
    },
    {
      method: 'DELETE',
      path: `${path}/:command`,
      handle: ({ world, params }) => {
        world.commands.set(
          params.guild ?? '',
          own(world, params).filter(({ id }) => id !== params.command),
        );
      },
    },
  ];
});

function own(world: World, params: Record<string, string>): Wire[] {
  if (params.application !== world.application.id) throw API_ERRORS.missingAccess();
  return world.commands.get(params.guild ?? '') ?? [];
}

function registered(world: World, params: Record<string, string>, command: Wire): Wire {
  const known = own(world, params).find(({ name }) => name === command.name);
  check(command, '');
  return {
    ...command,
    id: known?.id ?? snowflake(),
    application_id: world.application.id,
    type: command.type ?? 1,
    version: snowflake(),
    ...(params.guild && { guild_id: params.guild }),
  };
}

/** Names, descriptions and their translations, of a command and all its options. */
function check(entry: Wire, path: string): void {
  const at = (key: string) => (path ? `${path}.${key}` : key);
  const names = { '': entry.name, ...((entry.name_localizations ?? {}) as Wire) };
  const descriptions = { '': entry.description, ...((entry.description_localizations ?? {}) as Wire) };
  for (const name of Object.values(names)) {
    if (typeof name !== 'string' || !NAME.test(name) || name !== name.toLowerCase()) {
      throw API_ERRORS.invalidForm(at('name'), 'APPLICATION_COMMAND_INVALID_NAME', 'Command name is invalid');
    }
  }
  for (const text of Object.values(descriptions)) {
    if (typeof text !== 'string' || text.length < 1 || [...text].length > 100) {
      throw API_ERRORS.invalidForm(at('description'), 'BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 100 in length.');
    }
  }
  const options = (entry.options ?? []) as Wire[];
  if (options.length > OPTIONS)
    throw API_ERRORS.invalidForm(at('options'), 'BASE_TYPE_MAX_LENGTH', 'Must be 25 or fewer.');
  if (new Set(options.map(({ name }) => name)).size !== options.length) {
    throw API_ERRORS.invalidForm(
      at('options'),
      'APPLICATION_COMMAND_OPTIONS_NAME_INVALID',
      'Option names must be unique',
    );
  }
  const lastRequired = options.map(({ required }) => required === true).lastIndexOf(true);
  if (options.slice(0, Math.max(0, lastRequired)).some(({ required }) => required !== true)) {
    const message = 'Required options must be placed before non-required options';
    throw API_ERRORS.invalidForm(at('options'), 'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID', message);
  }
  options.forEach((option, i) => check(option, at(`options.${i}`)));
}
