/** Every plugin as it stands, kept up to date by the subscription. */
import { useCallback, useState } from 'react';
import type { Plugin } from '../../client/index.js';
import { useSession } from '../session/context.js';
import { type Data, useData } from '../session/use-data.js';
import { useStream } from '../session/use-stream.js';

export function usePlugins(): Data<Plugin[]> & { put(plugin: Plugin): void } {
  const { client } = useSession();
  const [changes, setChanges] = useState<ReadonlyMap<string, Plugin>>(new Map());
  const ask = useCallback(() => client.plugins(), [client]);
  const data = useData(ask);
  const put = useCallback((plugin: Plugin) => setChanges((before) => new Map([...before, [plugin.name, plugin]])), []);
  const source = useCallback((signal: AbortSignal) => client.pluginStatus({ signal }), [client]);
  useStream(source, put);
  return { ...data, value: data.value?.map((plugin) => changes.get(plugin.name) ?? plugin), put };
}
