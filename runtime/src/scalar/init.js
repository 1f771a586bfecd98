'use strict'

// The scheme to select, the way from here to the root of the API (either may be null), and whether the list shows every operation.
const { scheme, root, open } = SETTINGS

Scalar.createApiReference('#app', {
  // Beside this script, wherever the router was nested.
  url: new URL('openapi.json', document.currentScript.src).href,
  // The server of a document that names none, also behind a proxy that takes a prefix off.
  ...(root && { baseServerURL: new URL(root, document.currentScript.src).href }),
  authentication: { preferredSecurityScheme: scheme },
  defaultOpenAllTags: open,
  // A token stays in the tab's memory.
  persistAuth: false,
  // Nothing here talks to another host.
  proxyUrl: '',
  agent: { disabled: true },
  mcp: { disabled: true },
  telemetry: false,
  withDefaultFonts: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
})
