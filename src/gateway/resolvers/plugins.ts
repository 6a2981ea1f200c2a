/** The plugins, for admins. */
import type { PluginConfigInput, PluginView } from '../../services/views.js';
import type { Context } from '../context.js';
import { streamPlugins } from '../streams.js';

interface Named {
  name: string;
}

export const plugins = {
  Query: {
    plugins: (_: unknown, __: unknown, { services }: Context) => services.plugins.list(),
  },
  Mutation: {
    configurePlugin: (_: unknown, { name, input }: Named & { input: PluginConfigInput }, { services }: Context) =>
      services.plugins.configure(name, input),
    startPlugin: (_: unknown, { name }: Named, { services }: Context) => services.plugins.start(name),
    stopPlugin: (_: unknown, { name }: Named, { services }: Context) => services.plugins.stop(name),
  },
  Subscription: {
    pluginStatus: {
      subscribe: (_: unknown, __: unknown, context: Context) => streamPlugins(context),
      resolve: (plugin: PluginView) => plugin,
    },
  },
};
