/** Imported before anything else: libraries that are told nothing check what only their developers need to know, in every call. */
process.env.NODE_ENV ||= 'production';
