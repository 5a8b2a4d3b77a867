-- What the edge checks of a request before it becomes a call. Envoy's transcoder drops unknown and repeated JSON
-- fields silently, reads the body of a GET, takes 1e3 for a number, any content type and a trailing slash; a form would
-- believe it had stored what was thrown away. All of that is refused here, every fault at once, in the services' own error shape.
-- And a rpc that every service serves must name the service that it means: nothing is guessed.
--
-- In front of this text stand the tables that deploy/edge/request_check.py makes of the contracts:
--   SERVICES = {registry = true, …}            which have rpcs of their own
--   SHARED   = {["bangfu.audit.v1.AuditService"] = true, …}   served by each of them
--   TYPES    = {["message"] = {field = "its message" or "", …}, …}
--   ROUTES   = {["POST projects"] = {{"^/v1/projects$", "message" or "", shared}, …}, …}

local MAX_DEPTH = 40
local MAX_FAULTS = 20

-- ---- answers

local function quoted(text)
  text = text:gsub('[%c"\\]', function(c) return string.format("\\u%04x", c:byte()) end)
  return '"' .. text .. '"'
end

-- Answers as a service would; faults: {{path, zh}, …}
local function refuse(handle, http, code, reason, message, zh, faults)
  local details = {string.format(
    '{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":%s,"domain":"bangfu","metadata":{}}', quoted(reason))}
  if faults then
    local violations = {}
    for _, fault in ipairs(faults) do
      violations[#violations + 1] = string.format('{"field":%s,"description":%s}', quoted(fault[1]), quoted(fault[2]))
    end
    details[#details + 1] = string.format(
      '{"@type":"type.googleapis.com/google.rpc.BadRequest","field_violations":[%s]}', table.concat(violations, ","))
  end
  details[#details + 1] = string.format(
    '{"@type":"type.googleapis.com/google.rpc.LocalizedMessage","locale":"zh-CN","message":%s}', quoted(zh))
  -- The local reply mapper knows by this header that the body is complete.
  handle:headers():replace("x-bangfu-refusal", "json")
  handle:respond({[":status"] = http, ["content-type"] = "application/json"}, string.format(
    '{"code":%d,"message":%s,"details":[%s]}', code, quoted(message), table.concat(details, ",")))
end

-- ---- JSON

-- Walks JSON text along the message's fields. Returns the faults found; broken JSON is left to the transcoder,
-- which reports it.
local function faults_of(text, message)
  local at, faults = 1, {}
  local function fail() error("syntax", 0) end
  local function blank() at = text:find("[^ \t\r\n]", at) or #text + 1 end
  local function fault(path, zh)
    faults[#faults + 1] = {path, zh}
    if #faults >= MAX_FAULTS then error("enough", 0) end
  end
  local function take_string()
    local from = at + 1
    local to = from
    while true do
      to = text:find('["\\]', to)
      if not to then fail() end
      if text:byte(to) == 34 then break end
      to = to + 2
    end
    at = to + 1
    return text:sub(from, to - 1)
  end
  local take

  local function take_object(name, path, depth)
    local fields, seen = TYPES[name], {}
    at = at + 1
    blank()
    if text:sub(at, at) == "}" then at = at + 1 return end
    while true do
      blank()
      if text:byte(at) ~= 34 then fail() end
      local key = take_string()
      local inside = path == "" and key or path .. "." .. key
      local known = fields and fields[key]
      if fields and known == nil then
        fault(inside, "没有这一项")
      else
        -- a_b and aB are one field.
        local same = fields and known[1] or key
        if seen[same] then fault(inside, "这一项写了两次") end
        seen[same] = true
      end
      blank()
      if text:sub(at, at) ~= ":" then fail() end
      at = at + 1
      take(known and known[2] or "", inside, depth + 1)
      blank()
      local mark = text:sub(at, at)
      at = at + 1
      if mark == "}" then return end
      if mark ~= "," then fail() end
    end
  end

  local function take_list(name, path, depth)
    local index = 0
    at = at + 1
    blank()
    if text:sub(at, at) == "]" then at = at + 1 return end
    while true do
      take(name, path .. "[" .. index .. "]", depth + 1)
      index = index + 1
      blank()
      local mark = text:sub(at, at)
      at = at + 1
      if mark == "]" then return end
      if mark ~= "," then fail() end
    end
  end

  function take(name, path, depth)
    if depth > MAX_DEPTH then fault(path, "嵌套过深") fail() end
    blank()
    local mark = text:sub(at, at)
    if mark == "{" then take_object(name, path, depth)
    elseif mark == "[" then take_list(name, path, depth)
    elseif mark == '"' then take_string()
    else
      local _, to = text:find("^[%w%.%+%-]+", at)
      if not to then fail() end
      -- No contract has a fraction. The transcoder would read 1e3 and 1.0 through a double, and lose a fen of a large sum.
      if text:find("^%-?%d", at) and text:sub(at, to):find("[%.eE]") then fault(path, "须为整数，不用小数点和指数") end
      at = to + 1
    end
  end

  pcall(take, message, "", 0)
  return faults
end

-- ---- the request

local function names_a_service(headers)
  return SERVICES[headers:get("x-bangfu-service") or ""] == true
end

local function service_wanted(handle, is_json)
  if is_json then
    local names = {}
    for name in pairs(SERVICES) do names[#names + 1] = name end
    table.sort(names)
    refuse(handle, "400", 3, "SERVICE_HEADER_REQUIRED", "header x-bangfu-service must name a service",
      "请求头 x-bangfu-service 须指明服务：" .. table.concat(names, "、"))
  else
    handle:headers():replace("x-bangfu-refusal", "service")
    handle:respond({[":status"] = "400"}, "header x-bangfu-service must name a service")
  end
end

-- The fields that a path binds may not come again in the query; the transcoder would take either.
local function repeated_parameter(query)
  local seen = {}
  for key in query:gmatch("([^&=]+)=?[^&]*") do
    if seen[key] then return key end
    seen[key] = true
  end
end

local function check_json(handle, headers)
  local verb, full = headers:get(":method"), headers:get(":path") or ""
  local path, query = full:match("^([^?]*)%??(.*)$")
  local known
  for _, route in ipairs(ROUTES[verb .. " " .. (path:match("^/v1/(%w+)") or "")] or {}) do
    if path:find(route[1]) then known = route break end
  end
  if not known then
    return refuse(handle, "404", 12, "METHOD_UNKNOWN", "no such path", "没有这个接口")
  end
  if known[3] and not names_a_service(headers) then return service_wanted(handle, true) end
  local twice = repeated_parameter(query)
  if twice and not known[4][twice] then
    return refuse(handle, "400", 3, "FIELD_INVALID", "repeated parameter", "参数重复", {{twice, "这一项写了两次"}})
  end
  local body = handle:body()  -- whole: the buffer filter stands in front
  local size = body and body:length() or 0
  if known[2] == "" then
    if size > 0 then refuse(handle, "400", 3, "BODY_NOT_ALLOWED", "no body allowed", "这个接口不带正文") end
    return
  end
  -- Headers taken before the body was waited for are no longer valid.
  local kind = (handle:headers():get("content-type") or ""):lower():match("^%s*([^;%s]*)")
  if kind ~= "application/json" then
    return refuse(handle, "415", 3, "CONTENT_TYPE", "content-type must be application/json",
      "正文须为 application/json")
  end
  if size == 0 then return refuse(handle, "400", 3, "BODY_REQUIRED", "a JSON body is required", "缺少正文") end
  local faults = faults_of(body:getBytes(0, size), known[2])
  if #faults > 0 then
    refuse(handle, "400", 3, "FIELD_INVALID", "unknown, repeated or inexact fields", "有不认识、重复或写法不准确的项", faults)
  end
end

local function check_request(handle)
  local headers = handle:headers()
  local path = headers:get(":path") or ""
  if (headers:get("content-type") or ""):sub(1, 16) == "application/grpc" then
    local service = path:match("^/([%w%.]+)/")
    if not service or not service:find(".", 1, true) then
      handle:respond({[":status"] = "404"}, "no such method")
    elseif SHARED[service] and not names_a_service(headers) then
      service_wanted(handle, false)
    end
    return
  end
  check_json(handle, headers)
end

function envoy_on_request(handle)
  -- Envoy lets a request pass when the script fails; here it is refused.
  local fine, why = pcall(check_request, handle)
  if not fine then
    handle:logErr("request check failed: " .. tostring(why))
    refuse(handle, "500", 13, "INTERNAL", "the edge could not check the request", "系统内部错误，请联系运维人员")
  end
end
