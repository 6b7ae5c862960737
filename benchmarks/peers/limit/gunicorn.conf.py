"""As the service has it, without its hooks."""

worker_class = "asgi"
asgi_loop = "asyncio"
asgi_lifespan = "off"
preload_app = True
keepalive = 75
http_parser = "python"
control_socket_disable = True
accesslog = None
