/** The plugins, for admins. */
import type { Plugin } from '../../contract/generated/types.js';
import type { Resolvers } from '../context.js';
import { streamPlugins } from '../streams.js';

export const plugins = {
  Query: {
    plugins: (_, __, { services }) => services.plugins.list(),
    diagnosePlugin: (_, { name }, { services }) => services.plugins.diagnose(name),
  },
  Mutation: {
    configurePlugin: (_, { name, input }, { services }) => services.plugins.configure(name, input),
    startPlugin: (_, { name }, { services }) => services.plugins.start(name),
    stopPlugin: (_, { name }, { services }) => services.plugins.stop(name),
  },
  Subscription: {
    pluginStatus: {
      subscribe: (_, __, context) => streamPlugins(context),
      resolve: (plugin: Plugin) => plugin,
    },
  },
} satisfies Resolvers;
