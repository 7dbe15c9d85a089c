"""Sixteen requests per write, answered by the server itself."""
from measure import under_load
from model import Bar, Scenario
from peers import STATIC

DEPTH = 16
SCRIPT = f"""local requests
init = function(args)
  requests = string.rep(wrk.format('GET', '/'), {DEPTH})
end
request = function()
  return requests
end
"""

SCENARIOS = [Scenario('pipeline', f'fixed reply of 11 bytes, {DEPTH} pipelined requests per write', under_load, STATIC,
                      unit='req/CPU s', more_is_better=True, origin=False, script=SCRIPT, without=('floor',),
                      bars=(Bar(3, 'nginx', at_least=True),))]
