/**
 * What every plugin owes the host, in both places it can run: tests to be called with a plugin's source and with settings that work.
 * What a plugin does for its platform is tested beside it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PluginPlacement } from '../../src/contract/generated/types.js';
import { fieldsOf } from '../../src/plugins/configuration.js';
import { loadPlugin } from '../../src/plugins/loader.js';
import { openPluginFixture, type PluginFixture } from '../plugins/fixture.js';

export interface PluginCase {
  /** As the setting `plugins` names it. */
  source: string;
  name: string;
  /** Settings that it runs with, by field; texts as admins write them. */
  settings(): Promise<Record<string, string>> | Record<string, string>;
  /** Settings that its schema refuses. */
  refused: Record<string, string>;
  /** Lets it do its work once, against whatever its settings lead to. */
  use?(place: PluginFixture): Promise<void>;
}

/** Milliseconds a plugin has to be loaded and to stop while the machine is busy with other tests. */
const PATIENCE_MS = 20_000;

export function describePlugin({ source, name, settings, refused, use }: PluginCase): void {
  describe.each(['IN_PROCESS', 'OWN_PROCESS'] as const)(`the plugin ${name}, %s`, (placement: PluginPlacement) => {
    let place: PluginFixture;
    let values: { name: string; value: string }[];
    beforeAll(async () => {
      place = await openPluginFixture({ plugins: [source], placements: { [name]: placement } });
      values = Object.entries(await settings()).map(([field, value]) => ({ name: field, value }));
    });
    afterAll(() => place.close());

    const configure = (given: { name: string; value: string | null }[]) =>
      place.services.plugins.configure(name, { values: given });

    it('is loaded, and says who it is', async () => {
      const { plugin, fields } = await loadPlugin(source, process.cwd(), PATIENCE_MS);
      expect(plugin).toMatchObject({ name, version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
      for (const field of fields) expect(field.description, `${field.name} has no description`).toBeTruthy();
      // Whatever is called by a secret's name is one.
      const open = fieldsOf(plugin.configSchema).filter(({ secret }) => !secret);
      expect(open.filter((field) => /(token|password|secret)$/i.test(field.name))).toEqual([]);
    });

    it('waits for the settings it needs', async () => {
      const { status, fields } = await place.plugin(name);
      const missing = fields.filter(({ required }) => required).map((field) => field.name);
      if (missing.length === 0) return;
      expect(status).toBe('UNCONFIGURED');
    });

    it('refuses settings that do not fit, without saying what is secret', async () => {
      const given = Object.entries(refused).map(([field, value]) => ({ name: field, value }));
      await expect(configure(given)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    });

    it('runs with the settings it needs, and is well', async () => {
      await configure(values);
      const running = await place.until(name, ({ status }) => status === 'RUNNING');
      expect(running).toMatchObject({ placement, restarts: 0 });
      const secrets = running.fields.filter(({ secret }) => secret);
      expect(secrets.every(({ value }) => value === null)).toBe(true);
    });

    if (use) it('works', () => use(place));

    it('stops, and runs again, in good time', async () => {
      for (let round = 0; round < 2; round++) {
        const began = performance.now();
        expect(await place.services.plugins.stop(name)).toMatchObject({ status: 'STOPPED' });
        expect(performance.now() - began).toBeLessThan(PATIENCE_MS);
        await place.services.plugins.start(name);
        await place.until(name, ({ status }) => status === 'RUNNING');
      }
      const unclean = place.log.filter((line) => /did not stop cleanly|left behind/.test(String(line.msg)));
      expect(unclean).toEqual([]);
    });

    it('asks for nothing more once it has stopped', async () => {
      await place.services.plugins.stop(name);
      const asked = place.runtime.requests.length;
      const rows = await place.rowsOf(name);
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(place.runtime.requests).toHaveLength(asked);
      expect(await place.rowsOf(name)).toEqual(rows);
      await place.services.plugins.start(name);
      await place.until(name, ({ status }) => status === 'RUNNING');
    });

    it('says nothing of its secrets in the log', async () => {
      const { fields } = await place.plugin(name);
      const secret = new Set(fields.filter((field) => field.secret).map((field) => field.name));
      const lines = JSON.stringify(place.log);
      for (const { name: field, value } of values) if (secret.has(field)) expect(lines).not.toContain(value);
    });
  });
}
