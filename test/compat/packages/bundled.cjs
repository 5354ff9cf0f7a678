// node bundled.cjs: bundles this library and nestjs-cls with webpack, and prints whether what they export is there.
const console = require('node:console');
const { join } = require('node:path');
const webpack = require('webpack');

const outside = /^(@nestjs\/|(typeorm|rxjs|reflect-metadata|class-transformer)(\/|$))/;
const entry = require.resolve('./bundled-entry.cjs');
const path = join(entry, '..', 'bundle');
const options = {
  mode: 'development',
  devtool: false,
  target: 'node',
  entry,
  output: { path, library: { type: 'commonjs2' } },
  externals: ({ request }, callback) =>
    outside.test(request) ? callback(null, `commonjs ${request}`) : callback(),
};
webpack(options, (error, stats) => {
  if (error || stats.hasErrors()) throw error ?? new Error(stats.toString('errors-only'));
  console.log(JSON.stringify(require(join(path, 'main.js'))));
});
