/* Opens Swagger UI on the description.
     <main data-api-description="/api/v1/openapi.json"> */

const domNode = document.querySelector("[data-api-description]");
SwaggerUIBundle({ url: domNode.dataset.apiDescription, domNode, deepLinking: true, validatorUrl: null });
