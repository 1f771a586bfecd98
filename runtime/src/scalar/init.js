'use strict'

Scalar.createApiReference('#app', {
  // Beside this script, wherever the router was nested.
  url: new URL('openapi.json', document.currentScript.src).href,
  authentication: { preferredSecurityScheme: 'bearer' },
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
