# A model on a GPU, and Handeye beside it: docker build -f docker/vllm.Dockerfile -t handeye-vllm .
# `handeye serve` chooses vLLM's flags for the model.
ARG VLLM=vllm/vllm-openai:latest
FROM $VLLM
COPY . /opt/handeye
RUN python3 -m pip install --no-cache-dir /opt/handeye
ENTRYPOINT ["handeye", "serve", "--engine", "vllm", "--port", "8000"]
CMD ["Qwen/Qwen2.5-VL-3B-Instruct"]
